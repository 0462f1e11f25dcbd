import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Device } from '../../../src/index.js';
import { decodeSafetensors, halveWeights } from '../../../src/model/index.js';
import {
  angleOfProgression,
  decodeFrame,
  ExportError,
  evaluate,
  exportRunToOnnx,
  exportRunToSafetensors,
  formatOfFile,
  loadNetworkFrames,
  predictImages,
  readDataset,
  resolveConfig,
  runTraining,
} from '../../../src/train/index.js';
import { sharedDevice } from '../../support/device.js';
import { onnxRuntime, runOnnx, WITHOUT_RUNTIME } from '../../support/onnxruntime.js';
import { temporaryFolder } from '../dataset/temporary.js';
import { writePhantomSet } from '../loop/phantom-set.js';

const config = resolveConfig({
  model: { base: 2, depth: 3, inputSize: 32 },
  loss: { sigma: 1 },
  training: { epochs: 1, batchSize: 4, seed: 5 },
});

let device: Device;
let parent: string;
let run: string;
beforeAll(async () => {
  device = await sharedDevice();
  parent = await temporaryFolder();
  run = join(parent, 'run');
  await writePhantomSet(join(parent, 'phantoms'), { train: 4, validation: 1, test: 2 });
  await runTraining({ device, data: join(parent, 'phantoms'), config, out: run, stream: new PassThrough() });
});

const out = async (name: string) => join(await temporaryFolder(), name);

describe('exportRunToSafetensors', () => {
  test('copies the weights as they are, or halves their kernels', async () => {
    const weights = await readFile(join(run, 'best.safetensors'));
    const whole = await exportRunToSafetensors({ run, out: await out('model.safetensors') });
    expect(await readFile(whole.file)).toEqual(weights);
    const half = await exportRunToSafetensors({ run, out: await out('half.safetensors'), half: true });
    expect(new Uint8Array(await readFile(half.file))).toEqual(halveWeights(weights));
    expect([whole.bytes, half.bytes]).toEqual([weights.length, (await readFile(half.file)).length]);
    expect(await readFile(half.card, 'utf8')).toMatch(/kernels in half precision/);
  });

  test('never writes over the weights of the run', async () => {
    const before = await readFile(join(run, 'best.safetensors'));
    for (const name of ['best.safetensors', 'last.safetensors', 'state.safetensors']) {
      await expect(exportRunToSafetensors({ run, out: join(run, name), half: true })).rejects.toThrow(
        /belongs to the run itself, which would lose it; choose another name/,
      );
    }
    expect(await readFile(join(run, 'best.safetensors'))).toEqual(before);
  });
});

describe('exportRunToOnnx', () => {
  test.skipIf(!onnxRuntime)(`answers an image file as predict does${WITHOUT_RUNTIME}`, async () => {
    const { file } = await exportRunToOnnx(device, { run, out: await out('model.onnx'), frameType: 'float32' });
    const [{ path }] = await readDataset(join(parent, 'phantoms'), 'test');
    const [expected] = await predictImages(device, run, [path], await temporaryFolder());
    const { pixels: values, width, height } = await decodeFrame(await readFile(path), path);
    const { landmarks, angle_of_progression } = await runOnnx(await readFile(file), {
      values,
      count: 1,
      height,
      width,
    });
    const { ps1, ps2, fh1 } = expected.landmarks;
    for (const [i, value] of [ps1, ps2, fh1].flatMap(({ x, y }) => [x, y]).entries()) {
      expect(Math.abs(landmarks.values[i] - value)).toBeLessThan(0.05);
    }
    expect(angle_of_progression.values[0]).toBeCloseTo(angleOfProgression(expected.landmarks) ?? Number.NaN, 1);
  });
});

describe('the model card', () => {
  test('tells what the model is, how it was trained, and that it was not evaluated', async () => {
    const { card } = await exportRunToOnnx(device, { run, out: await out('model.onnx') });
    const text = await readFile(card, 'utf8');
    const parameters = Object.entries(decodeSafetensors(await readFile(join(run, 'best.safetensors'))).tensors)
      .filter(([name]) => !name.includes('running'))
      .reduce((total, [, { data }]) => total + data.length, 0);
    expect(text).toContain(`| parameters | ${parameters.toLocaleString('en-GB')} |`);
    expect(text).toContain('| architecture | DSNT-DeepUNet, preset `stride`, 3 levels, 2 channels at the first |');
    expect(text).toContain('| data | 4 frames, data set folder `phantoms` |');
    expect(text).toContain('| weights | `best`, epoch 1; single precision |');
    expect(text).toMatch(/This is not a medical device/);
    expect(text).toMatch(/These weights have no scores with decoding `dsnt`/);
    expect(text).toContain('onnxruntime.InferenceSession("model.onnx")');
    // Where the data set lies is nobody's business.
    expect(text).not.toContain(parent);
  });

  test('shows the scores of exactly these weights, read in this way', async () => {
    const evaluated = await out('run');
    await cp(run, evaluated, { recursive: true });
    const frames = await loadNetworkFrames(await readDataset(join(parent, 'phantoms'), 'test'), 32, {
      keepOriginals: true,
    });
    const { metrics } = await evaluate({ device, run: evaluated, split: 'test', frames });
    const cardOf = async (input: Partial<Parameters<typeof exportRunToOnnx>[1]> = {}) => {
      const { card } = await exportRunToOnnx(device, { run: evaluated, out: await out('model.onnx'), ...input });
      return readFile(card, 'utf8');
    };
    expect(await cardOf()).toContain(`| test | 2 | ${metrics.apd.toFixed(2)} (`);
    // After one epoch the last weights are the best, to the byte.
    expect(await cardOf({ checkpoint: 'last' })).toContain(`| test | 2 | ${metrics.apd.toFixed(2)} (`);
    expect(await cardOf({ decoding: 'argmax' })).toMatch(/no scores with decoding `argmax`/);
  });

  test('a damaged file of the run is named', async () => {
    const damaged = await out('run');
    await mkdir(damaged);
    await cp(run, damaged, { recursive: true });
    await writeFile(join(damaged, 'environment.json'), '{');
    await expect(exportRunToSafetensors({ run: damaged, out: await out('model.safetensors') })).rejects.toThrow(
      /environment\.json cannot be read .* it is damaged, move it away/,
    );
  });
});

test('the format is told by the name of the file', () => {
  expect([formatOfFile('a/model.onnx'), formatOfFile('B.SAFETENSORS')]).toEqual(['onnx', 'safetensors']);
  expect(() => formatOfFile('model.pt')).toThrow(ExportError);
  expect(() => formatOfFile('model.pt')).toThrow(/model\.pt does not end in \.onnx or \.safetensors/);
});
