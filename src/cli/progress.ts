/** A progress bar on stderr, for what takes longer than a second and only on a terminal. */
import type { Console } from './console.ts';

const SHOWN_AFTER_MS = 1000;

export interface Progress {
  update(done: number, of: number): void;
  stop(): void;
}

const SILENT: Progress = { update: () => {}, stop: () => {} };

export async function progressOf(title: string, console: Console): Promise<Progress> {
  if (!console.isStderrTerminal) return SILENT;
  const { SingleBar } = (await import('cli-progress')).default;
  const bar = new SingleBar({
    format: `${title} [{bar}] step {value} of {total}`,
    clearOnComplete: true,
    hideCursor: true,
  });
  const begin = performance.now();
  let shown = false;
  return {
    update: (done, of) => {
      if (!shown && performance.now() - begin < SHOWN_AFTER_MS) return;
      if (!shown) bar.start(of, 0);
      shown = true;
      bar.update(Math.floor(done));
    },
    stop: () => {
      if (shown) bar.stop();
    },
  };
}
