import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeGreyJpeg } from '../../../src/train/index.js';
import { build, outcomeOf, run, start } from '../../cli/command.js';
import { SIZE, smallRun } from './small-run.js';

let folder: string;
let image: Uint8Array;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sonde-serve-'));
  const { config, weights } = await smallRun();
  await writeFile(join(folder, 'best.safetensors'), weights);
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  const pixels = Uint8Array.from({ length: SIZE ** 2 }, (_, i) => (i * 7919) >> 5);
  image = await encodeGreyJpeg({ width: SIZE, height: SIZE, pixels }, 90);
  await build();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('serves a run from the command line, survives uploads that break off, and stops when it is told to', async () => {
  const server = start('serve', ['--model', folder, '--port', '0', '--batch', '1']);
  const outcome = outcomeOf(server);
  const url = await new Promise<string>((resolve, reject) => {
    server.stdout?.on('data', (line) => {
      const found = /http:\S+/.exec(String(line));
      if (found) resolve(found[0]);
    });
    outcome.then(({ errors }) => reject(new Error(errors.join('\n'))));
  });
  const predict = () => fetch(`${url}/v1/predict`, { method: 'POST', body: Buffer.from(image) });
  const first = await predict();
  expect(first.status).toBe(200);
  const [{ landmarks, overlay }] = (await first.json()).frames;
  expect(landmarks.ps1.x).toEqual(expect.any(Number));
  expect((await fetch(url + overlay.url)).headers.get('content-type')).toBe('image/png');

  // An upload of a thousand bytes that ends after a hundred.
  const { hostname, port } = new URL(url);
  await new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write('POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n');
      socket.write(Buffer.alloc(100), () => socket.destroy());
    });
    socket.on('close', resolve);
  });
  const damaged = await fetch(`${url}/v1/predict`, { method: 'POST', body: Buffer.from(image.subarray(0, 300)) });
  expect([damaged.status, (await damaged.json()).code]).toEqual([422, 'unreadable-image']);
  await expect.poll(async () => (await (await fetch(`${url}/healthz`)).json()).uploads).toBe(0);
  expect((await (await predict()).json()).frames[0].landmarks).toEqual(landmarks);

  server.kill('SIGTERM');
  const { code, errors } = await outcome;
  expect(code).toBe(0);
  expect(errors).toContain('stopping; finishing requests in progress');
});

test('says what is wrong with a folder that holds no model, and with an address that is taken', async () => {
  const { code, errors } = await run('serve', ['--model', join(folder, 'nowhere')]);
  expect(code).toBe(1);
  expect(errors.join('\n')).toContain('nowhere holds no trained model');
  const taken = await run('serve', ['--model', folder, '--batch', '1', '--host', '203.0.113.1', '--port', '8000']);
  expect(taken.code).toBe(1);
  expect(taken.errors.join('\n')).toContain('Cannot listen on 203.0.113.1:8000 (EADDRNOTAVAIL)');
});
