import type { IncomingMessage } from 'node:http';
import type { ServerLimits } from './limits.js';
import { clientGone, fileTooLarge, Problem, timedOut } from './problem.js';

/** Bytes allowed in a multipart body in addition to the file. */
const FORM_BYTES = 16_384;

interface Upload {
  readonly began: number;
  /** Bytes of the body received so far. */
  bytes: number;
  /** Cancels the upload; undefined once it is complete. */
  refuse: ((problem: Problem) => void) | undefined;
}

/**
 * The bodies of requests, while they arrive and until their requests are answered. Each has to keep up a least rate,
 * and all of them together have only so much memory, counted by what has arrived: what a client announces costs the
 * others nothing.
 */
export class Uploads {
  private readonly held = new Map<IncomingMessage, Upload>();
  private bytes = 0;

  constructor(private readonly limits: ServerLimits) {}

  /** Number of uploads being received or processed. */
  get count(): number {
    return this.held.size;
  }

  /**
   * Receives a body. Its bytes count until `release`.
   *
   * @returns Memory of its own, which may be transferred to a thread
   * @throws Problem `file-too-large`; `upload-too-slow`; `timed-out`; `too-many-requests` for the slowest upload when
   * memory is short; `client-gone`
   */
  receive(message: IncomingMessage): Promise<Uint8Array> {
    const { limits } = this;
    const most = limits.fileBytes + FORM_BYTES;
    // Nobody would release it any more.
    if (message.destroyed) return Promise.reject(clientGone());
    if (Number(message.headers['content-length'] ?? 0) > most) return Promise.reject(fileTooLarge(limits));
    return new Promise((resolve, reject) => {
      const chunks: Uint8Array[] = [];
      const upload: Upload = { began: performance.now(), bytes: 0, refuse: (problem) => settle(() => reject(problem)) };
      const watch = () => {
        const remaining = this.timeLeft(upload);
        if (remaining <= 0) upload.refuse?.(this.tooLate(upload));
        else timer = setTimeout(watch, remaining);
      };
      let timer = setTimeout(watch, this.timeLeft(upload));
      const take = (chunk: Uint8Array) => {
        chunks.push(chunk);
        upload.bytes += chunk.length;
        this.bytes += chunk.length;
        if (upload.bytes > most) upload.refuse?.(fileTooLarge(limits));
        else this.makeRoom();
      };
      const complete = () => settle(() => resolve(joined(chunks, upload.bytes)));
      const breakOff = () => upload.refuse?.(clientGone());
      const settle = (end: () => void) => {
        clearTimeout(timer);
        upload.refuse = undefined;
        message.off('data', take).off('end', complete).off('close', breakOff).off('error', breakOff);
        end();
        chunks.length = 0;
      };
      this.held.set(message, upload);
      message.on('data', take).once('end', complete).once('close', breakOff).once('error', breakOff);
    });
  }

  /** Call when the response has been sent. */
  release(message: IncomingMessage): void {
    const upload = this.held.get(message);
    if (upload === undefined) return;
    this.held.delete(message);
    this.bytes -= upload.bytes;
  }

  /** Milliseconds that an upload has left, given the bytes received. */
  private timeLeft({ began, bytes }: Upload): number {
    const { milliseconds, patience, bytesPerSecond } = this.limits;
    return Math.min(milliseconds, patience + (1000 * bytes) / bytesPerSecond) - (performance.now() - began);
  }

  private tooLate({ began, bytes }: Upload): Problem {
    const { milliseconds, patience, bytesPerSecond } = this.limits;
    if (performance.now() - began >= milliseconds) return timedOut(this.limits);
    return new Problem(
      'upload-too-slow',
      `The upload is too slow: only ${bytes} bytes arrived in the time allowed, ${patience / 1000} seconds plus one for every ${bytesPerSecond} bytes; send it again over a faster connection.`,
    );
  }

  /** Rejects the slowest uploads in progress until the others fit. A single upload always fits. */
  private makeRoom(): void {
    while (this.bytes > this.limits.concurrentBytes && this.held.size > 1) {
      const now = performance.now();
      const rate = ({ bytes, began }: Upload) => bytes / (now - began);
      const arriving = [...this.held].filter(([, { bytes, refuse }]) => bytes > 0 && refuse);
      const slowest = arriving.reduce((a, b) => (rate(b[1]) < rate(a[1]) ? b : a));
      const [message, upload] = slowest;
      const problem = new Problem(
        'too-many-requests',
        `Uploads in progress hold ${this.bytes} bytes, more than the ${this.limits.concurrentBytes} allowed at a time, and this one is the slowest; try again in a second.`,
        1,
      );
      this.release(message);
      upload.refuse?.(problem);
    }
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
