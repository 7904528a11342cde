/** `--log FILE`: what happened, as pino writes logs. Loaded only when asked for. */
import type { Entry } from '../scenario/index.ts';

export interface StructuredLog {
  readonly add: (entry: Entry) => void;
  readonly close: () => void;
}

export async function openLog(path: string): Promise<StructuredLog> {
  const [{ pino }, { jsonLine }] = await Promise.all([import('pino'), import('../scenario/index.ts')]);
  const destination = pino.destination({ dest: path, sync: true });
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
