import { connect, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/tool/server/limits.js';
import { Uploads } from '../../../src/tool/server/uploads.js';
import { encodeGreyPng } from '../../../src/train/index.js';
import { type SmallApps, smallApps } from './small-app.js';

/** A body of which a test says what arrives when. */
function body(headers: Record<string, string> = {}) {
  const stream = Object.assign(new PassThrough(), { headers });
  return stream as typeof stream & Parameters<Uploads['receive']>[0];
}
const turn = () => new Promise(setImmediate);

describe('Uploads', () => {
  const limits = { ...DEFAULT_LIMITS, fileBytes: 100_000, concurrentBytes: 1000 };

  test('gives the bytes in memory of their own, and counts them until they are released', async () => {
    const uploads = new Uploads(limits);
    const one = body();
    const received = uploads.receive(one);
    for (const text of ['ab', 'c']) one.write(text);
    one.end();
    const bytes = await received;
    expect(Buffer.from(bytes).toString()).toBe('abc');
    expect(bytes.buffer.byteLength).toBe(3);
    expect(uploads.count).toBe(1);
    uploads.release(one);
    uploads.release(one);
    expect(uploads.count).toBe(0);
  });

  test('what is announced costs nobody anything; what has arrived does, and the slowest gives way', async () => {
    const uploads = new Uploads(limits);
    const announcing = Array.from({ length: 500 }, () => body({ 'content-length': '100000' }));
    const stalled = announcing.map((one) => uploads.receive(one).catch((error) => error));
    const slow = body();
    const slowOne = uploads.receive(slow).catch((error) => error);
    slow.write(Buffer.alloc(300));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const fast = body();
    const fastOne = uploads.receive(fast);
    fast.write(Buffer.alloc(600));
    await turn();
    fast.end(Buffer.alloc(200));
    expect(await fastOne).toHaveLength(800);
    expect(await slowOne).toMatchObject({ code: 'too-many-requests', status: 429, retryAfter: 1 });
    expect((await slowOne).message).toContain('Uploads in progress hold 1100 bytes, more than the 1000');
    for (const one of announcing) one.destroy();
    expect((await Promise.all(stalled)).map(({ code }) => code)).toEqual(new Array(500).fill('client-gone'));
  });

  test('a client that has gone before its body is received leaves nothing behind', async () => {
    const uploads = new Uploads(limits);
    const gone = body();
    gone.destroy();
    await expect(uploads.receive(gone)).rejects.toMatchObject({ code: 'client-gone' });
    expect(uploads.count).toBe(0);
  });

  test('one upload alone is received whatever the sum', async () => {
    const uploads = new Uploads(limits);
    const one = body();
    const received = uploads.receive(one);
    one.end(Buffer.alloc(5000));
    expect(await received).toHaveLength(5000);
  });

  test('a body that stalls, or keeps below the rate, is refused before the time of the whole request is up', async () => {
    const patient = { ...limits, patience: 30, milliseconds: 3_600_000, bytesPerSecond: 1000 };
    const uploads = new Uploads(patient);
    const one = body();
    one.write('ab');
    const error = await uploads.receive(one).catch((reason) => reason);
    expect(error).toMatchObject({ code: 'upload-too-slow', status: 408 });
    expect(error.message).toContain('only 2 bytes arrived');
    expect(error.message).toContain('0.03 seconds plus one for every 1000 bytes');
  });

  test('bytes that come fast enough give it more time, up to that of the whole request', async () => {
    const hasty = { ...limits, patience: 1, milliseconds: 60, bytesPerSecond: 1 };
    const uploads = new Uploads(hasty);
    const one = body();
    one.write('abc');
    expect(await uploads.receive(one).catch((reason) => reason)).toMatchObject({ code: 'timed-out', status: 503 });
  });

  test('a body beyond the limit is refused by its header, or where it passes it', async () => {
    const uploads = new Uploads(limits);
    await expect(uploads.receive(body({ 'content-length': '200000' }))).rejects.toMatchObject({ status: 413 });
    const one = body();
    const received = uploads.receive(one);
    one.write(Buffer.alloc(200_000));
    await expect(received).rejects.toMatchObject({ code: 'file-too-large' });
  });
});

describe('among slow clients', () => {
  let apps: SmallApps;
  let png: Uint8Array<ArrayBuffer>;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    apps = await smallApps();
    const pixels = Uint8Array.from({ length: 1600 }, (_, i) => (i * 7919) >> 5);
    png = Uint8Array.from(await encodeGreyPng({ width: 40, height: 40, pixels }));
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });
  afterAll(() => apps.close());

  /** Opens connections that send this and no more. */
  const besiege = async (app: FastifyInstance, count: number, text: string) => {
    const { port } = app.server.address() as { port: number };
    for (let i = 0; i < count; i++) {
      const socket = connect(port, '127.0.0.1');
      sockets.push(socket);
      socket.on('error', () => {}).resume();
      await new Promise((resolve) => socket.once('connect', resolve));
      socket.write(text);
    }
  };
  const UPLOAD = 'POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000000\r\n\r\nabc';
  const health = async (url: string) => (await fetch(`${url}/healthz`)).json();

  test('an honest one is answered beside more stalled uploads than the server takes predictions', async () => {
    const app = await apps.open({ limits: { patience: 600_000, milliseconds: 1_200_000, concurrent: 4 } });
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    await besiege(app, 300, UPLOAD);
    await expect.poll(async () => (await health(url)).uploads, { timeout: 30_000 }).toBe(300);
    for (let i = 0; i < 5; i++) {
      expect((await fetch(`${url}/v1/predict`, { method: 'POST', body: png })).status).toBe(200);
    }
    for (const socket of sockets) socket.destroy();
    await expect.poll(async () => (await health(url)).uploads, { timeout: 30_000 }).toBe(0);
  });

  test.each([
    ['say nothing', ''],
    ['stop in their headers', 'GET /healthz HTTP/1.1\r\nHost: loc'],
    ['stop in their bodies', UPLOAD],
    ['ask and then stay', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ])('a new connection is let in when those that are open %s: the oldest of them makes room', async (_, text) => {
    const limits = { patience: 600_000, milliseconds: 1_200_000, connections: 20 };
    const app = await apps.open({ limits });
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    await besiege(app, 60, text);
    expect((await fetch(`${url}/v1/predict`, { method: 'POST', body: png })).status).toBe(200);
    expect((await health(url)).connections).toBeLessThanOrEqual(20);
    await expect
      .poll(() => sockets.filter(({ closed }) => closed).length, { timeout: 30_000 })
      .toBeGreaterThanOrEqual(40);
    expect(sockets.slice(-5).every(({ closed }) => !closed)).toBe(true);
  });

  test('whoever is late with headers or body is told so, and the connection ends', async () => {
    const app = await apps.open({ limits: { patience: 60 } });
    await app.listen({ host: '127.0.0.1', port: 0 });
    for (const [text, code] of [
      ['GET /healthz HTTP/1.1\r\n', 'request-too-slow'],
      [UPLOAD, 'upload-too-slow'],
      // Whatever the body is for.
      [UPLOAD.replace('POST', 'PUT').replace('/v1/predict', '/nowhere'), 'upload-too-slow'],
    ]) {
      const socket = connect((app.server.address() as { port: number }).port, '127.0.0.1');
      sockets.push(socket);
      socket.write(text);
      let answer = '';
      for await (const chunk of socket) answer += chunk;
      expect(answer).toContain('HTTP/1.1 408 Request Timeout\r\n');
      expect(answer).toContain(`"code":"${code}"`);
    }
  });
});
