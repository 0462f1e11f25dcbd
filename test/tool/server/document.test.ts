import { connect } from 'node:net';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv, type ErrorObject } from 'ajv';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeGreyPng } from '../../../src/train/index.js';
import { decodingPool, type SmallApps, smallApps } from './small-app.js';

/** An answer of whatever way it was asked for. */
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

const picture = { width: 40, height: 40, pixels: Uint8Array.from({ length: 1600 }, (_, i) => (i * 7919) >> 5) };

let apps: SmallApps;
let app: FastifyInstance;
let png: Buffer;
// biome-ignore lint/suspicious/noExplicitAny: a document is read as whoever reads it does
let document: any;
beforeAll(async () => {
  apps = await smallApps();
  app = await apps.open();
  png = Buffer.from(await encodeGreyPng(picture));
  document = (await app.inject('/openapi.json')).json();
});
afterAll(() => apps.close());

async function ask(
  to: FastifyInstance,
  method: string,
  url: string,
  { headers = {}, payload }: { readonly headers?: Record<string, string>; readonly payload?: Buffer } = {},
): Promise<Answer> {
  const answer = await to.inject({ method: method as 'GET', url, headers, payload });
  return { status: answer.statusCode, headers: answer.headers, body: answer.rawPayload };
}

/** What a server answers to exactly these bytes. */
async function askWith(to: FastifyInstance, text: string): Promise<Answer> {
  const url = new URL(to.server.listening ? `http://127.0.0.1:${portOf(to)}` : await to.listen({ port: 0 }));
  const received: Buffer[] = [];
  await new Promise<void>((resolve) => {
    const socket = connect(Number(url.port), '127.0.0.1', () => socket.write(text));
    socket.on('data', (chunk: Buffer) => received.push(chunk));
    socket.on('error', () => {});
    socket.on('close', () => resolve());
  });
  const all = Buffer.concat(received);
  const end = all.indexOf('\r\n\r\n');
  const [status, ...lines] = all.subarray(0, end).toString().split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return { status: Number(status.split(' ')[1]), headers, body: all.subarray(end + 4) };
}

function portOf(to: FastifyInstance): number {
  const address = to.server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

/** Whoever touches it, fails. */
const broken = new Proxy(
  {},
  {
    get: (_target, key) => {
      // Of a promise it would be asked whether it is one.
      if (key === 'then') return undefined;
      throw new TypeError('broken');
    },
  },
);
const predict = (to: FastifyInstance, options: { readonly payload?: Buffer; readonly query?: string } = {}) =>
  ask(to, 'POST', `/v1/predict${options.query ?? ''}`, { payload: options.payload ?? png });

const PATHS: readonly (readonly [method: string, path: string, url: string])[] = [
  ['post', '/v1/predict', '/v1/predict'],
  ['get', '/v1/model', '/v1/model'],
  ['get', '/v1/model/weights', '/v1/model/weights'],
  ['get', '/v1/overlays/{name}', '/v1/overlays/00000000-0000-0000-0000-000000000000.png'],
  ['get', '/healthz', '/healthz'],
  ['get', '/openapi.json', '/openapi.json'],
];

async function overlayOf(to: FastifyInstance): Promise<string> {
  return JSON.parse(String((await predict(to)).body)).frames[0].overlay.url;
}

/** How each documented answer comes about. */
const drives = new Map<string, () => Promise<Answer>>();
for (const [method, path, url] of PATHS) {
  const verb = method.toUpperCase();
  drives.set(`${method} ${path} 400`, () =>
    ask(app, verb, `${url}?unknown=1`, { payload: verb === 'POST' ? png : undefined }),
  );
  drives.set(`${method} ${path} 408`, async () =>
    askWith(await apps.open({ limits: { patience: 60 } }), `${verb} ${url} HTTP/1.1\r\nHost: localhost\r\n`),
  );
  drives.set(`${method} ${path} 414`, () => ask(app, verb, `/v1/overlays/${'x'.repeat(200)}`));
  drives.set(`${method} ${path} 421`, () => ask(app, verb, url, { headers: { host: 'evil.example' } }));
  drives.set(`${method} ${path} 431`, () =>
    askWith(app, `${verb} ${url} HTTP/1.1\r\nHost: localhost\r\nCookie: ${'x'.repeat(20_000)}\r\n\r\n`),
  );
  drives.set(`${method} ${path} 503`, async () => {
    const closing = await apps.open();
    let answer: Answer | undefined;
    // The moment between being told to stop and having stopped.
    closing.addHook('preClose', async () => {
      answer = await askWith(closing, `${verb} ${url} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`);
    });
    await closing.listen({ host: '127.0.0.1', port: 0 });
    await closing.close();
    if (answer === undefined) throw new Error('no answer');
    return answer;
  });
}
drives.set('post /v1/predict 200', () => predict(app, { query: '?heatmaps=true' }));
drives.set('post /v1/predict 413', async () => predict(await apps.open({ limits: { pixels: 100 } })));
drives.set('post /v1/predict 415', () => predict(app, { payload: Buffer.from('hello') }));
drives.set('post /v1/predict 422', () => predict(app, { query: '?frames=2' }));
drives.set('post /v1/predict 429', async () => predict(await apps.open({ limits: { concurrent: 0 } })));
drives.set('post /v1/predict 500', async () =>
  predict(
    await apps.open({ decodingPool: { ...decodingPool, decode: () => Promise.reject(new TypeError('broken')) } }),
  ),
);
drives.set('get /v1/model 200', () => ask(app, 'GET', '/v1/model'));
drives.set('get /v1/model 500', async () =>
  ask(
    await apps.open({ model: ({ description }) => ({ description: { ...description, inputSize: 0.5 } }) }),
    'GET',
    '/v1/model',
  ),
);
drives.set('get /v1/model/weights 200', () => ask(app, 'GET', '/v1/model/weights?precision=f16'));
drives.set('get /v1/model/weights 304', async () => {
  const { headers } = await ask(app, 'GET', '/v1/model/weights');
  return ask(app, 'GET', '/v1/model/weights', { headers: { 'if-none-match': String(headers.etag) } });
});
drives.set('get /v1/model/weights 500', async () =>
  ask(await apps.open({ model: () => ({ weights: broken as never }) }), 'GET', '/v1/model/weights'),
);
drives.set('get /v1/overlays/{name} 200', async () => ask(app, 'GET', await overlayOf(app)));
drives.set('get /v1/overlays/{name} 404', () => ask(app, 'GET', '/v1/overlays/nothing.png'));
drives.set('get /v1/overlays/{name} 500', async () => {
  // A picture of fewer pixels than it should have cannot be drawn.
  const decode = async (task: Parameters<typeof decodingPool.decode>[0], signal: AbortSignal) => {
    const { frames, ...upload } = await decodingPool.decode(task, signal);
    return { ...upload, frames: frames.map((frame) => ({ ...frame, picture: new Uint8Array(1) })) };
  };
  const odd = await apps.open({ decodingPool: { ...decodingPool, decode } });
  return ask(odd, 'GET', await overlayOf(odd));
});
drives.set('get /healthz 200', () => ask(app, 'GET', '/healthz'));
drives.set('get /healthz 500', async () =>
  ask(
    await apps.open({
      inference: {
        get ready() {
          throw new TypeError('broken');
        },
      },
    }),
    'GET',
    '/healthz',
  ),
);
drives.set('get /openapi.json 200', () => ask(app, 'GET', '/openapi.json'));
drives.set('get /openapi.json 500', async () => {
  const odd = await apps.open();
  await odd.ready();
  odd.swagger = () => {
    throw new TypeError('broken');
  };
  return ask(odd, 'GET', '/openapi.json');
});

/** OpenAPI 3.0 says `nullable` where JSON Schema has a type of its own; ajv knows it. */
const ajv = new Ajv({ strict: false, formats: { binary: true, 'date-time': true } });

function misfits(schema: object, body: unknown): ErrorObject[] | null | undefined {
  const validate = ajv.compile(schema);
  validate(body);
  return validate.errors;
}

describe('/openapi.json', () => {
  test('is valid, and has every address', async () => {
    expect(await new Validator().validate(document)).toMatchObject({ valid: true });
    expect(document.info.version).toBe('1.2.3');
    const found = Object.entries<object>(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method} ${path}`),
    );
    expect(found.sort()).toEqual(PATHS.map(([method, path]) => `${method} ${path}`).sort());
    expect(Object.keys(document.paths['/v1/predict'].post.requestBody.content)).toContain('multipart/form-data');
  });

  test('names exactly the answers that are driven below, among them a good one for each address', () => {
    const documented = PATHS.flatMap(([method, path]) =>
      Object.keys(document.paths[path][method].responses).map((status) => `${method} ${path} ${status}`),
    );
    expect(documented.sort()).toEqual([...drives.keys()].sort());
    expect(documented.filter((name) => name.endsWith(' 200'))).toHaveLength(PATHS.length);
  });

  test.each([...drives])('%s is answered as documented', { timeout: 30_000 }, async (name, drive) => {
    const [method, path, status] = name.split(' ');
    const { content } = document.paths[path][method].responses[status];
    const answer = await drive();
    expect(answer.status).toBe(Number(status));
    if (content === undefined) {
      expect(answer.body).toHaveLength(0);
      return;
    }
    const type = String(answer.headers['content-type']).split(';')[0];
    expect(Object.keys(content)).toContain(type);
    const { schema } = content[type];
    if (!type.endsWith('json')) {
      expect(schema).toEqual({ type: 'string', format: 'binary' });
      expect(answer.body.length).toBeGreaterThan(100);
      return;
    }
    const body = JSON.parse(String(answer.body));
    expect(misfits(schema, body)).toBeNull();
    if (answer.status >= 400) expect(body).toMatchObject({ type: 'about:blank', status: answer.status });
  });

  test('leaves nothing open: an answer with one field more, or one fewer, is another', async () => {
    const { schema } = document.paths['/v1/predict'].post.responses['200'].content['application/json'];
    const body = JSON.parse(String((await predict(app)).body));
    expect(misfits(schema, body)).toBeNull();
    expect(misfits(schema, { ...body, extra: 1 })).toHaveLength(1);
    for (const name of schema.required) expect(misfits(schema, { ...body, [name]: undefined }), name).not.toBeNull();
  });

  test.each(PATHS)('%s %s takes no other method, and says which it takes', async (method, _path, url) => {
    const taken = method === 'get' ? ['GET', 'HEAD'] : ['POST'];
    for (const other of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      if (taken.includes(other)) continue;
      const answer = await ask(app, other, url, { payload: other === 'GET' || other === 'HEAD' ? undefined : png });
      expect([other, answer.status, answer.headers.allow]).toEqual([other, 405, taken.join(', ')]);
    }
  });

  test.each(PATHS)('%s %s refuses a parameter that is not in the document', async (method, path, url) => {
    const documented = (document.paths[path][method].parameters ?? []).map(({ name }: { name: string }) => name);
    const sent = method === 'post' ? { payload: png } : {};
    for (const name of ['Frame', 'patient', 'precisions', 'frame', 'precision']) {
      if (documented.includes(name)) continue;
      const answer = await ask(app, method.toUpperCase(), `${url}?${name}=1`, sent);
      expect([name, answer.status]).toEqual([name, 400]);
      expect(JSON.parse(String(answer.body)).detail).toContain('an unknown parameter');
    }
  });
});

describe('forms', () => {
  const part = (head: string, content: string | Buffer) =>
    Buffer.concat([
      Buffer.from(`--b\r\nContent-Disposition: form-data; ${head}\r\n\r\n`),
      Buffer.from(content),
      Buffer.from('\r\n'),
    ]);
  const headers = { 'content-type': 'multipart/form-data; boundary=b' };
  const sendForm = (...parts: Buffer[]) =>
    ask(app, 'POST', '/v1/predict', { payload: Buffer.concat([...parts, Buffer.from('--b--\r\n')]), headers });

  test('hold one file and nothing else', async () => {
    const file = part('name="file"; filename="a.png"', png);
    expect((await sendForm(file)).status).toBe(200);
    const refused: [string, Buffer[]][] = [
      [
        '2 files, 2 of them in the field \\"file\\", and 0 other fields',
        [file, part('name="file"; filename="b.png"', png)],
      ],
      ['1 files, 1 of them in the field \\"file\\", and 1 other fields', [file, part('name="frame"', '2')]],
      ['1 files, 1 of them in the field \\"file\\", and 1 other fields', [part('name="frame"', '2'), file]],
      ['1 files, 0 of them in the field \\"file\\", and 0 other fields', [part('name="image"; filename="a.png"', png)]],
    ];
    for (const [words, parts] of refused) {
      const { status, body } = await sendForm(...parts);
      expect([status, String(body)]).toEqual([400, expect.stringContaining(words)]);
    }
  });
});
