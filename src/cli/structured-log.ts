/** `--log FILE`: what happened, as pino writes logs. Loaded only when asked for. */
import type { Entry } from '../scenario/index.ts';
import { UsageError } from './console.ts';

export interface StructuredLog {
  readonly add: (entry: Entry) => void;
  readonly close: () => void;
}

export async function openLog(path: string): Promise<StructuredLog> {
  const [{ pino }, { jsonLine }] = await Promise.all([import('pino'), import('../scenario/index.ts')]);
  const destination = opened(() => pino.destination({ dest: path, sync: true }), path);
  // The log's time is the emulator's: the process's own would make each run another.
  const logger = pino({ base: null, timestamp: false }, destination);
  return {
    add: (entry) => {
      const failed = entry.what === 'failure' || (entry.what === 'expectation' && !entry.met);
      const fields = JSON.parse(jsonLine(entry)) as object;
      if (failed) logger.error(fields);
      else logger.info(fields);
    },
    close: () => destination.flushSync(),
  };
}

function opened<T>(open: () => T, path: string): T {
  try {
    return open();
  } catch (error) {
    throw new UsageError(`orrery: --log ${path} cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}
