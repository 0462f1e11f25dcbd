import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Answer, Ready, Request, Wait } from '../peers/contest.js';
import { BenchError } from '../statistics.js';

/** From the bundle, which is one level below the repository. */
const root = fileURLToPath(new URL('..', import.meta.url));

/** An engine in a process of its own, which has changed that process's globals to its liking. */
export class ContestantProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly ready: Ready,
  ) {}

  /**
   * @param cold Whether the driver shall not use compiled shaders that Mesa's and NVIDIA's keep on disk.
   * @throws BenchError if the process ends before its engine is ready
   */
  static async start(program: string, wait: Wait, cold: boolean): Promise<ContestantProcess> {
    const forgetful = cold ? { MESA_SHADER_CACHE_DISABLE: 'true', __GL_SHADER_DISK_CACHE: '0' } : {};
    const child = fork(`${root}bench/peers/dist/${program}.js`, [wait], {
      cwd: root,
      serialization: 'advanced',
      env: { ...process.env, ...forgetful },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    try {
      return new ContestantProcess(child, (await nextMessage(child)) as Ready);
    } catch (error) {
      child.kill();
      throw error;
    }
  }

  /** @throws BenchError with what the engine says, if it cannot do it */
  async ask<T extends Answer['type']>(request: Request, expected: T): Promise<Answer & { type: T }> {
    const answered = nextMessage(this.child);
    this.child.send(request);
    const answer = (await answered) as Answer;
    if (answer.type === expected) return answer as Answer & { type: T };
    throw new BenchError(answer.type === 'failed' ? answer.message : `answered ${answer.type} instead of ${expected}`);
  }

  /** Resolves when the process is gone, so that it takes nothing from the next one. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    // Drivers and engines do not always let go of a process.
    this.child.kill('SIGKILL');
    await gone;
  }
}

/** An engine that is silent for so long is taken for hung. */
const PATIENCE_MS = 300_000;

function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let complaint = '';
    const listen = (chunk: Buffer) => {
      complaint = `${complaint}${chunk}`.slice(-2000);
    };
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      child.off('message', onMessage);
      child.off('exit', onExit);
      child.stderr?.off('data', listen);
      // Without a reader the pipe would fill and the process stop.
      child.stderr?.resume();
      settle();
    };
    const onMessage = (message: unknown) => finish(() => resolve(message));
    const onExit = (code: number | null, signal: string | null) => {
      const error = /^\w*Error\b.*$/m.exec(complaint)?.[0] ?? '';
      finish(() => reject(new BenchError(`its process ended (${signal ?? `exit code ${code}`}) ${error}`.trim())));
    };
    const timer = setTimeout(
      () => finish(() => reject(new BenchError(`no answer in ${PATIENCE_MS / 1000} s`))),
      PATIENCE_MS,
    );
    child.once('message', onMessage);
    child.once('exit', onExit);
    child.stderr?.on('data', listen);
  });
}
