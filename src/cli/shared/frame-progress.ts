import { SingleBar } from 'cli-progress';

/**
 * How work on many frames goes: a bar on a terminal; elsewhere a line at every tenth, so that a log stays short.
 *
 * @param name What the frames are called, as in "phantoms".
 */
export function openFrameProgress(name: string): { show: (done: number, total: number) => void; close: () => void } {
  if (process.stderr.isTTY) {
    const bar = new SingleBar({ format: `${name} {bar} {value}/{total} | {eta_formatted} left`, hideCursor: true });
    return {
      show: (done, total) => (bar.isActive ? bar.update(done) : bar.start(total, done)),
      close: () => bar.stop(),
    };
  }
  let tenths = 0;
  const show = (done: number, total: number) => {
    const now = Math.floor((10 * done) / total);
    if (now > tenths) console.error(`${name}: ${done} of ${total}`);
    tenths = now;
  };
  return { show, close: () => {} };
}
