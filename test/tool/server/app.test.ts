import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asFloat32, decodeSafetensors } from '../../../src/model/index.js';
import { decodeUpload } from '../../../src/tool/server/decoding.js';
import type { DecodingPool } from '../../../src/tool/server/decoding-pool.js';
import { buildPredictor, buildTrainedModel, decodeFrame, encodeGreyPng, fitFrame } from '../../../src/train/index.js';
import { imageElements, writeDicom } from '../../images/dicom-writer.js';
import { sharedDevice } from '../../support/device.js';
import { decodingPool, type SmallAppOptions, type SmallApps, smallApps } from './small-app.js';
import { SIZE, smallRun } from './small-run.js';

let apps: SmallApps;
let lines: string[];
let app: FastifyInstance;
const open = (options?: SmallAppOptions) => apps.open(options);
beforeAll(async () => {
  apps = await smallApps();
  lines = apps.lines;
  app = await open();
});
afterAll(() => apps.close());

const picture = { width: 60, height: 40, pixels: Uint8Array.from({ length: 2400 }, (_, i) => (i * 7919) >> 5) };
const send = (to: FastifyInstance, payload: Uint8Array, url = '/v1/predict', headers: Record<string, string> = {}) =>
  to.inject({ method: 'POST', url, payload: Buffer.from(payload), headers });
const form = (file: Uint8Array, name = 'file') => {
  const boundary = '----form';
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: image/png\r\n\r\n`;
  return {
    payload: Buffer.concat([Buffer.from(head), file, Buffer.from(`\r\n--${boundary}--\r\n`)]),
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  };
};

/** What the model says without a server. */
async function predictDirectly(image: Uint8Array) {
  const device = await sharedDevice();
  const run = await smallRun();
  const { model } = buildTrainedModel(device, run.config, run.weights);
  const predictor = buildPredictor(device, run.config, model);
  const { pixels, transform } = fitFrame(await decodeFrame(image, 'a'), SIZE);
  const [prediction] = await predictor.predict([pixels]);
  predictor.dispose();
  model.dispose();
  return { prediction, transform };
}

/** Pictures have a name of their own each time. */
const comparable = ({ overlay: _, ...result }: { overlay?: unknown }) => result;

describe('POST /v1/predict', () => {
  test('gives what the model says, in pixels of the image', async () => {
    const png = await encodeGreyPng(picture);
    const answer = await send(app, png);
    expect(answer.statusCode).toBe(200);
    const { prediction, transform } = await predictDirectly(png);
    const { landmarks, confidence } = prediction;
    const {
      frames: [body],
      ...whole
    } = answer.json();
    for (const name of ['ps1', 'ps2', 'fh1'] as const) {
      const wanted = transform.toFrame(landmarks[name]);
      expect(body.landmarks[name].x).toBeCloseTo(wanted.x, 4);
      expect(body.landmarks[name].y).toBeCloseTo(wanted.y, 4);
      expect(body.confidence[name]).toBeCloseTo(confidence[name], 5);
    }
    expect(whole.image).toEqual({ format: 'PNG', width: 60, height: 40, frameCount: 1, spacing: null });
    expect(whole).toMatchObject({ loop: null, model: { name: 'small' } });
    expect(body).toMatchObject({ frame: 1, frameCount: 1, rays: null, aopInMillimetres: null, fit: 'crop' });
    expect(body.seen).toEqual({ x: 10, y: 0, width: 40, height: 40 });
    expect(body.heatmaps).toBeUndefined();
    expect(body.notice).toContain('Not a medical device');
    expect(whole.notice).toBe(body.notice);
  });

  test('takes a form like the bytes themselves', async () => {
    const png = await encodeGreyPng(picture);
    const raw = (await send(app, png)).json();
    const formed = await app.inject({ method: 'POST', url: '/v1/predict', ...form(png) });
    expect(formed.json().frames[0].landmarks).toEqual(raw.frames[0].landmarks);
  });

  test('sends heatmaps that lie over the image, each with its highest cell at 255', async () => {
    const [{ heatmaps }] = (await send(app, await encodeGreyPng(picture), '/v1/predict?heatmaps=true')).json().frames;
    expect([heatmaps.width, heatmaps.height]).toEqual([4, 4]);
    const levels = Buffer.from(heatmaps.levels, 'base64');
    expect(levels).toHaveLength(3 * 16);
    for (const k of [0, 1, 2]) expect(Math.max(...levels.subarray(16 * k, 16 * k + 16))).toBe(255);
    // The network sees the middle 40 of 60 columns. On the linspace grid its cells reach half a step beyond the
    // outermost pixels' centres: (32 − 1)/(4 − 1) network pixels, 40/32 of an image pixel each.
    const step = ((31 / 3) * 40) / 32;
    const left = 10 + (40 / 32) * 0.5 - step / 2;
    expect(heatmaps.box.x).toBeCloseTo(left, 4);
    expect(heatmaps.box.y).toBeCloseTo(left - 10, 4);
    expect(heatmaps.box.width).toBeCloseTo(4 * step, 4);
    expect(heatmaps.box.height).toBeCloseTo(4 * step, 4);
  });

  test('looks at the frames that are asked for, all by default, with spacing, lengths and the warning of pixels that are not square', async () => {
    const other = Uint8Array.from(picture.pixels, (value) => 255 - value);
    const dicom = writeDicom({
      elements: imageElements(60, 40, 'MONOCHROME2', Uint8Array.from([...picture.pixels, ...other]), [
        [0x00280008, 'IS', '2'],
        [0x00280030, 'DS', '0.3\\0.2'],
      ]),
    });
    const both = (await send(app, dicom)).json();
    const [first, second] = both.frames;
    expect(both.image).toMatchObject({ frameCount: 2, spacing: { x: 0.2, y: 0.3 } });
    expect(both.loop).toMatchObject({ frames: 2, aop: { min: Math.min(first.aop, second.aop) } });
    expect([first.frame, second.frame]).toEqual([1, 2]);
    for (const [which, own] of [
      ['2', [second]],
      ['first', [first]],
      ['1-2', [first, second]],
    ]) {
      const chosen = (await send(app, dicom, `/v1/predict?frames=${which}`)).json().frames;
      expect(chosen.map(comparable), String(which)).toEqual((own as object[]).map(comparable));
    }
    expect(second.landmarks).not.toEqual(first.landmarks);
    const { ps1, ps2 } = first.landmarks;
    expect(first.rays.ps1ps2).toBeCloseTo(Math.hypot(0.2 * (ps2.x - ps1.x), 0.3 * (ps2.y - ps1.y)), 6);
    expect(first.aopInMillimetres).not.toBeCloseTo(first.aop, 1);
    expect(first.warnings[0]).toContain('Pixels are not square (0.2 × 0.3 mm)');
    const missing = await send(app, dicom, '/v1/predict?frames=2-3');
    expect(missing.statusCode).toBe(422);
    expect(missing.json().detail).toContain('there is no frame 3, the file has 2');
  });

  test('says how far off it may be, where the run was calibrated, in pixels of the image', async () => {
    const own = { scale: 1, blur: 0, floor: 0 };
    const landmarks = { ps1: own, ps2: own, fh1: { ...own, scale: 2 } };
    const png = await encodeGreyPng(picture);
    const [plain] = (await send(app, png)).json().frames;
    expect(plain.uncertainty).toMatchObject({ calibrated: false, distance: null });
    expect(plain.warnings.join()).toContain('is not calibrated');
    const answers = await Promise.all(
      [1000, 0.1].map(async (threshold) => {
        const calibrated = await open({ calibration: { landmarks, angleScale: 1, threshold } });
        return (await send(calibrated, png)).json().frames[0];
      }),
    );
    const [{ uncertainty }, unsure] = answers;
    const { xx, yy } = (await predictDirectly(png)).prediction.uncertainty.ps1.covariance;
    const fh1 = (await predictDirectly(png)).prediction.uncertainty.fh1.covariance;
    // The network's frame is the middle 40×40 pixels of the image, and covariances are given for one of 512.
    expect(uncertainty.landmarks.ps1.predictedError).toBeCloseTo((Math.sqrt(xx + yy) * 40) / 512, 3);
    expect(uncertainty.landmarks.fh1.predictedError).toBeCloseTo((2 * Math.sqrt(fh1.xx + fh1.yy) * 40) / 512, 3);
    expect(uncertainty.aop.low).toBeLessThan(plain.aop);
    expect(uncertainty.aop.high).toBeGreaterThan(plain.aop);
    // An untrained network expects to be far off, whatever is usual for it.
    expect(unsure.lowConfidence).toBe(true);
    expect(unsure.doubts[0]).toMatch(/expected error is \d+ px of a 512 px frame/);
  });

  test('keeps a picture of the result for a while, under a name that cannot be guessed', async () => {
    const [{ overlay }] = (await send(app, await encodeGreyPng(picture))).json().frames;
    expect(overlay.url).toMatch(/^\/v1\/overlays\/[0-9a-f-]{36}\.png$/);
    expect(new Date(overlay.expires).getTime()).toBeGreaterThan(Date.now());
    const drawn = await app.inject(overlay.url);
    expect(drawn.headers).toMatchObject({ 'content-type': 'image/png', 'cache-control': 'no-store' });
    expect((await sharp(drawn.rawPayload).metadata()).width).toBe(540);
    expect((await app.inject('/v1/overlays/00000000-0000-0000-0000-000000000000.png')).statusCode).toBe(404);
  });

  test('tells neither its log nor its answers the name of a file', async () => {
    lines.length = 0;
    await app.inject({ method: 'POST', url: '/v1/predict', ...form(await encodeGreyPng(picture), 'Jane Doe.png') });
    const damaged = form(Buffer.from('nothing'), 'Jane Doe.png');
    const refused = await app.inject({ method: 'POST', url: '/v1/predict?frames=1', ...damaged });
    expect(refused.statusCode).toBe(415);
    expect(refused.body).not.toContain('Jane');
    const unknown = await app.inject({ method: 'POST', url: '/v1/predict?frames=Jane&Jane=Doe', ...damaged });
    expect([unknown.statusCode, unknown.body.includes('Jane')]).toEqual([400, false]);
    expect(lines).toHaveLength(3);
    expect(lines.join('\n')).not.toContain('Jane');
    expect(lines[0]).toMatch(/^POST \/v1\/predict 200 \d+ ms$/);
  });
});

/** A DICOM file whose deflated part inflates to far more than it holds. */
const bomb = writeDicom({
  transferSyntax: '1.2.840.10008.1.2.1.99',
  elements: [[0x00091001, 'OB', new Uint8Array(40_000_000)]],
});
const compressedStack = (frames: number, data: Uint8Array) =>
  Buffer.concat([
    Buffer.from(
      `ObjectType = Image\nDimSize = 8 8 ${frames}\nElementType = MET_UCHAR\nCompressedData = True\nElementDataFile = LOCAL\n`,
    ),
    deflateSync(data),
  ]);
const frames = (count: number) =>
  writeDicom({
    elements: imageElements(4, 4, 'MONOCHROME2', new Uint8Array(16), [[0x00280008, 'IS', String(count)]]),
  });
const huge = async () => {
  const png = Uint8Array.from(await encodeGreyPng(picture));
  new DataView(png.buffer).setUint32(16, 20_000);
  new DataView(png.buffer).setUint32(20, 20_000);
  return png;
};
const whole = () => encodeGreyPng(picture);

describe('what cannot be answered', () => {
  test.each<[string, () => Promise<Uint8Array> | Uint8Array, number, string, string]>([
    ['an empty body', () => new Uint8Array(0), 422, 'unreadable-image', 'has no body'],
    ['text', () => Buffer.from('hello'), 415, 'unsupported-image', 'is not PNG, JPEG, DICOM or MetaImage'],
    ['half a picture', async () => (await whole()).subarray(0, 200), 422, 'unreadable-image', 'truncated or damaged'],
    [
      '20,000×20,000 pixels',
      huge,
      413,
      'image-too-large',
      '400000000 pixels, but this server accepts at most 25000000',
    ],
    [
      '10,000 frames',
      () => frames(10_000),
      413,
      'image-too-large',
      'has 10000 frames, but this server accepts at most 5000',
    ],
    ['a bomb in deflated DICOM', () => bomb, 413, 'image-too-large', 'inflate to more than 16 MB'],
    [
      'a bomb in a compressed MetaImage',
      () => compressedStack(1, new Uint8Array(50_000_000)),
      422,
      'unreadable-image',
      'more than the 64 bytes',
    ],
  ])('%s: a status and a sentence', async (_, make, status, code, words) => {
    const answer = await send(app, await make());
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.json()).toMatchObject({ type: 'about:blank', status, code });
    expect(answer.json().detail).toContain(words);
    expect(answer.json().detail).toMatch(/^[A-Z][^\n]*\.$/);
    expect(answer.statusCode).toBe(status);
  });

  test('an image within the reader’s limit and beyond the server’s is not decoded', async () => {
    const strict = await open({ limits: { pixels: 2000 } });
    const answer = await send(strict, await whole());
    expect(answer.json()).toMatchObject({ status: 413, code: 'image-too-large' });
    expect(answer.json().detail).toContain('60×40 are 2400 pixels, but this server accepts at most 2000');
  });

  test('a file that is too large, whatever its length header says', async () => {
    const strict = await open({ limits: { fileBytes: 2 ** 20 } });
    const large = new Uint8Array(2 ** 20 + 20_000);
    for (const request of [
      { payload: Buffer.from(large), headers: {} },
      form(large),
      form(large.subarray(0, 2 ** 20 + 9)),
    ]) {
      const answer = await strict.inject({ method: 'POST', url: '/v1/predict', ...request });
      expect(answer.json()).toMatchObject({ status: 413, code: 'file-too-large' });
      expect(answer.json().detail).toContain('the 1 MiB that this server accepts');
    }
  });

  test('a form that breaks off, wherever it does', async () => {
    const { payload, headers } = form(await whole());
    for (const length of [1, 20, 60, 110, 150, 300, payload.length - 20, payload.length - 3]) {
      const cut = await app.inject({
        method: 'POST',
        url: '/v1/predict',
        payload: payload.subarray(0, length),
        headers,
      });
      expect(cut.json(), `${length} bytes`).toMatchObject({ status: 400, code: 'bad-request' });
      expect(cut.json().detail).toMatch(/^[A-Z][^\n]*\.$/);
    }
  });

  test('a form without a file, a query that is none, an address that is none', async () => {
    const boundary = 'b';
    const empty = await app.inject({
      method: 'POST',
      url: '/v1/predict',
      payload: `--${boundary}--\r\n`,
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    });
    expect(empty.json()).toMatchObject({ status: 422, code: 'unreadable-image' });
    for (const query of ['frames=zero', 'frames=3-1', 'fit=stretch', 'heatmaps=perhaps']) {
      const answer = await send(app, await whole(), `/v1/predict?${query}`);
      expect(answer.json(), query).toMatchObject({ status: 400, code: 'bad-request' });
    }
    expect((await app.inject('/v2')).json()).toMatchObject({ status: 404, code: 'not-found' });
  });

  test('more at a time than the server takes; the place is free again afterwards', async () => {
    const finish: (() => void)[] = [];
    const slow: DecodingPool = {
      ...decodingPool,
      decode: async (task) => {
        await new Promise<void>((resolve) => finish.push(resolve));
        return decodeUpload(task);
      },
    };
    const narrow = await open({ limits: { concurrent: 2 }, decodingPool: slow });
    const png = await whole();
    const taken = [send(narrow, png), send(narrow, png)];
    await expect.poll(() => finish.length).toBe(2);
    const refused = await send(narrow, png);
    expect(refused.json()).toMatchObject({ status: 429, code: 'too-many-requests' });
    expect(refused.headers['retry-after']).toBe('1');
    for (const one of finish.splice(0)) one();
    for (const answer of await Promise.all(taken)) expect(answer.statusCode).toBe(200);
    const again = send(narrow, png);
    await expect.poll(() => finish.length).toBe(1);
    finish[0]();
    expect((await again).statusCode).toBe(200);
  });

  test('decoding that does not come back is stopped when the time is up', async () => {
    let reason: unknown;
    const stuck: DecodingPool = {
      ...decodingPool,
      decode: (_task, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reason = signal.reason;
            reject(signal.reason);
          });
        }),
    };
    const answer = await send(await open({ limits: { milliseconds: 50 }, decodingPool: stuck }), await whole());
    expect(answer.json()).toMatchObject({ status: 503, code: 'timed-out' });
    expect(answer.json().detail).toContain('longer than the 0.05 seconds');
    expect(reason).toMatchObject({ code: 'timed-out' });
  });

  test('an error that nobody foresaw: the log has it, the answer does not', async () => {
    lines.length = 0;
    const broken: DecodingPool = {
      ...decodingPool,
      decode: () => Promise.reject(new TypeError('secret of the house')),
    };
    const answer = await send(await open({ decodingPool: broken }), await whole());
    expect(answer.json()).toMatchObject({ status: 500, code: 'internal-error' });
    expect(answer.body).not.toContain('secret');
    expect(lines.join('\n')).toContain('TypeError: secret of the house');
  });
});

describe('what else is served', () => {
  test('the model and its weights, in full and half precision, told apart by their hashes', async () => {
    const model = (await app.inject('/v1/model')).json();
    expect(model).toMatchObject({ name: 'small', architecture: 'dsnt-deep-unet', inputSize: SIZE, precision: 'f32' });
    expect(model.metadata.epoch).toBe('3');
    const full = await app.inject('/v1/model/weights');
    const half = await app.inject('/v1/model/weights?precision=f16');
    for (const [answer, { bytes, sha256 }] of [
      [full, model.weights.f32],
      [half, model.weights.f16],
    ] as const) {
      expect(answer.rawPayload).toHaveLength(bytes);
      expect(createHash('sha256').update(answer.rawPayload).digest('hex')).toBe(sha256);
    }
    const [a, b] = [full, half].map(({ rawPayload }) => decodeSafetensors(rawPayload).tensors);
    expect(b['enc1.conv1.weight'].dtype).toBe('F16');
    expect(b['enc1.bn1.running_var'].dtype).toBe('F32');
    const [wide, narrow] = [a, b].map((tensors) => asFloat32(tensors['enc1.conv2.weight']));
    for (const [i, value] of wide.entries())
      expect(Math.abs(narrow[i] - value)).toBeLessThanOrEqual(2 ** -11 * Math.abs(value) + 2 ** -25);
    const unchanged = await app.inject({
      url: '/v1/model/weights',
      headers: { 'if-none-match': String(full.headers.etag) },
    });
    expect([unchanged.statusCode, unchanged.rawPayload.length]).toEqual([304, 0]);
  });

  test('its health', async () => {
    const answer = await app.inject('/healthz');
    expect(answer.json()).toMatchObject({ status: 'ok', uploads: 0, waiting: 0 });
    expect(answer.json().adapter).toEqual(expect.any(String));
  });

  test('with every answer, headers that keep other sites out', async () => {
    const { headers } = await app.inject('/healthz');
    expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';");
    expect(headers['content-security-policy']).not.toMatch(/unsafe-inline|'unsafe-eval'|https?:|\*/);
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  test('an answer to what is under way when it is closed, and nothing after', async () => {
    let finish: (() => void) | undefined;
    const slow: DecodingPool = {
      ...decodingPool,
      decode: async (task) => {
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        return decodeUpload(task);
      },
    };
    const closing = await open({ decodingPool: slow });
    const url = await closing.listen({ host: '127.0.0.1', port: 0 });
    const answer = fetch(`${url}/v1/predict`, { method: 'POST', body: Buffer.from(await whole()) });
    await expect.poll(() => finish).toBeDefined();
    const closed = closing.close();
    finish?.();
    expect((await answer).status).toBe(200);
    await closed;
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });
});
