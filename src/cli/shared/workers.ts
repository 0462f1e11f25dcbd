import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** What ended a worker: its exit code, or the signal that killed it. */
export type WorkerEnd = number | NodeJS.Signals;

/**
 * Runs a command in several processes, each with its arguments, and waits for all. Their output is this process's.
 *
 * @param command Path of its built module.
 * @param signal Passes the request to stop on; workers end when they have seen to their files.
 * @returns how each ended
 */
export async function runWorkers(
  command: string,
  argumentsOf: readonly (readonly string[])[],
  signal: AbortSignal,
): Promise<readonly WorkerEnd[]> {
  const workers = argumentsOf.map((own) =>
    // In a group of its own, so that Ctrl-C on a terminal reaches a worker once: from here.
    spawn(process.execPath, [command, ...own], { stdio: ['ignore', 'inherit', 'pipe'], detached: true }),
  );
  for (const worker of workers) worker.stderr?.pipe(process.stderr, { end: false });
  const stop = () => {
    for (const worker of workers) worker.kill('SIGTERM');
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.all(workers.map(endOf));
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function endOf(worker: ChildProcess): Promise<WorkerEnd> {
  const [code, killedBy] = (await once(worker, 'close')) as [number | null, NodeJS.Signals | null];
  return code ?? killedBy ?? 1;
}
