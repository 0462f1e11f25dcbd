import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { type PersonaName, personas } from '../../../src/engine/persona.js';
import {
  evaluate,
  LANDMARK_NAMES,
  type Landmarks,
  loadNetworkFrames,
  predictImages,
  readDataset,
  resolveConfig,
  runTraining,
} from '../../../src/train/index.js';
import { openAs } from '../../support/device.js';
import { temporaryFolder } from '../dataset/temporary.js';
import { writePhantomSet } from './phantom-set.js';

interface Journey {
  /** Mean losses of the epochs. */
  readonly losses: readonly number[];
  /** Of the test frames, pixels of a 512 frame. */
  readonly apd: number;
  readonly predicted: readonly Landmarks[];
}

type Precision = 'f32' | 'mixed';

const made = new Map<Precision, Promise<Journey>>();
let data: Promise<string> | undefined;

async function dataSet(): Promise<string> {
  const folder = join(await temporaryFolder(), 'data');
  await writePhantomSet(folder, { train: 6, validation: 2, test: 2 });
  return folder;
}

/** What a user does: trains with augmentation, evaluates on test frames and has images predicted. */
async function travel(persona: PersonaName | undefined, precision: Precision): Promise<Journey> {
  data ??= dataSet();
  const device = await openAs(persona, { tuning: 'none' });
  const out = join(await temporaryFolder(), 'run');
  const config = resolveConfig({
    model: { base: 2, depth: 3, inputSize: 32 },
    loss: { sigma: 1 },
    training: { epochs: 2, batchSize: 4, seed: 5, precision },
  });
  await runTraining({ device, data: await data, config, out, stream: new PassThrough() });
  const cases = await readDataset(await data, 'test');
  const frames = await loadNetworkFrames(cases, 32, { keepOriginals: true });
  const { metrics } = await evaluate({ device, run: out, split: 'test', frames });
  const images = cases.map(({ path }) => path);
  const results = await predictImages(device, out, images, await temporaryFolder());
  device.close();
  const log = (await readFile(join(out, 'metrics.jsonl'), 'utf8')).trim().split('\n');
  return {
    losses: log.map((line) => JSON.parse(line).trainingLoss),
    apd: metrics.apd,
    predicted: results.map(({ landmarks }) => landmarks),
  };
}

function onItsOwn(precision: Precision): Promise<Journey> {
  const known = made.get(precision) ?? travel(undefined, precision);
  made.set(precision, known);
  return known;
}

test.each<[PersonaName, Precision]>([
  ...(Object.keys(personas) as PersonaName[]).map((name): [PersonaName, Precision] => [name, 'f32']),
  ['rtx-4090', 'mixed'],
  // Which has no f16: mixed precision is f32 there.
  ['no-subgroups', 'mixed'],
])(
  'what a user does comes out as on the driver itself: persona %s, %s',
  { timeout: 300_000 },
  async (persona, precision) => {
    const own = await onItsOwn(personas[persona].features.some((name) => name === 'shader-f16') ? precision : 'f32');
    const journey = await travel(persona, precision);
    expect(own.losses).toHaveLength(2);
    // Kernels add up in other orders, and halves round at other places.
    const part = precision === 'mixed' ? 1e-2 : 1e-4;
    for (const [i, loss] of own.losses.entries()) expect(Math.abs(journey.losses[i] / loss - 1)).toBeLessThan(part);
    expect(Math.abs(journey.apd / own.apd - 1)).toBeLessThan(part);
    const pixels = 96 * part;
    for (const [i, landmarks] of own.predicted.entries()) {
      for (const name of LANDMARK_NAMES) {
        const found = journey.predicted[i][name];
        expect(Math.hypot(found.x - landmarks[name].x, found.y - landmarks[name].y)).toBeLessThan(pixels);
      }
    }
  },
);
