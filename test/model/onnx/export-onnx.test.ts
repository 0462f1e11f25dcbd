import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import type { Device } from '../../../src/index.js';
import { relu } from '../../../src/index.js';
import {
  angleOfProgression,
  type Builder,
  DeepUNet,
  exportOnnx,
  exportWeights,
  type HeatmapNetwork,
  HeatmapReader,
  halveWeights,
  importWeights,
  LANDMARK_NAMES,
  OnnxError,
  type OnnxOptions,
  UNet,
} from '../../../src/model/index.js';
import { cropFrame, decodeFrame, type Frame, fitFrame, generatePhantom, Predictor } from '../../../src/train/index.js';
import { sharedDevice } from '../../support/device.js';
import { onnxRuntime, runOnnx, WITHOUT_RUNTIME } from '../../support/onnxruntime.js';
import { drawPeakedWeights } from '../peaked-weights.js';

const dicom = fileURLToPath(new URL('../../../../shared/fixtures/dicom', import.meta.url));

async function withModel<T>(
  make: (builder: Builder) => HeatmapNetwork,
  body: (model: HeatmapNetwork, device: Device) => Promise<T>,
): Promise<T> {
  const device = await sharedDevice();
  const model = make({ device, seed: 11, path: '' });
  try {
    await drawPeakedWeights(device, model);
    return await body(model, device);
  } finally {
    model.dispose();
  }
}

/** A synthetic frame, of which a part may be taken to make it oblong. */
function phantom(index: number, size: number, { width = size, height = size } = {}) {
  const { pixels } = generatePhantom({ seed: 5, index, difficulty: 1, size });
  const levels = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) levels.set(pixels.subarray(y * size, y * size + width), y * width);
  return { levels, frame: { width, height, pixels: Float32Array.from(levels, (level) => level / 255) } };
}

/** What sonde itself makes of a frame: landmarks in the frame's own pixels. */
async function ownAnswer(device: Device, model: HeatmapNetwork, frame: Frame, options: Exported) {
  const { size, reader, heatmaps = 'probabilities' } = options;
  const { pixels, transform } = fitFrame(frame, size);
  const predictor = new Predictor(device, model, { size, reader, heatmaps, batchSize: 1 });
  try {
    const [{ landmarks, heatmaps: maps }] = await predictor.predict([pixels], { heatmaps: true });
    if (!maps) throw new Error('no heatmaps');
    return { points: LANDMARK_NAMES.map((name) => transform.toFrame(landmarks[name])), landmarks, transform, maps };
  } finally {
    predictor.dispose();
  }
}

type Exported = Omit<OnnxOptions, 'version'>;
const exported = (model: HeatmapNetwork, options: Exported) => exportOnnx(model, { ...options, version: '0.0.0' });

/** That a model file answers a frame as sonde does; hands the answer on. */
async function expectSameAnswer(
  device: Device,
  model: HeatmapNetwork,
  onnx: Uint8Array,
  frame: Frame,
  options: Exported,
) {
  const own = await ownAnswer(device, model, frame, options);
  const { width, height } = frame;
  const values =
    options.frameType === 'float32' ? frame.pixels : Uint8Array.from(frame.pixels, (level) => Math.round(255 * level));
  const { landmarks, angle_of_progression, heatmaps } = await runOnnx(onnx, { values, count: 1, height, width });

  expect(heatmaps.dims).toEqual([1, 3, own.maps.height, own.maps.width]);
  const cells = own.maps.height * own.maps.width;
  for (const [i, value] of heatmaps.values.entries()) {
    expect(Math.abs(value - own.maps.values[(i % cells) * 3 + Math.floor(i / cells)])).toBeLessThan(1e-4);
  }
  expect(landmarks.dims).toEqual([1, 3, 2]);
  const points = LANDMARK_NAMES.map((_, k) => ({ x: landmarks.values[2 * k], y: landmarks.values[2 * k + 1] }));
  for (const [k, { x, y }] of points.entries()) {
    // Pixels of the network's frame.
    const distance = Math.hypot(x - own.points[k].x, y - own.points[k].y) * own.transform.scale;
    expect(distance).toBeLessThan(0.01);
  }
  expect(angle_of_progression.dims).toEqual([1]);
  const [angle] = angle_of_progression.values;
  const [ps1, ps2, fh1] = points;
  const expected = angleOfProgression({ ps1, ps2, fh1 });
  if (expected === undefined) expect(angle).toBeNaN();
  else expect(Math.abs(angle - expected)).toBeLessThan(0.01);
  return { points, angle };
}

const networks = {
  'u-net, three channels': (b: Builder) => new UNet(b, { base: 2, depth: 3 }),
  'deep-unet, stride': (b: Builder) => new DeepUNet(b, { base: 2, depth: 5 }),
  'deep-unet, pool': (b: Builder) => new DeepUNet(b, { base: 2, depth: 4, preset: 'pool' }),
  'deep-unet, full': (b: Builder) => new DeepUNet(b, { base: 2, depth: 4, preset: 'full', inChannels: 3 }),
} as const;

const readings = [
  new HeatmapReader('dsnt', 'linspace'),
  new HeatmapReader('dsnt', 'pixel-centre'),
  new HeatmapReader('argmax', 'pixel-centre'),
  new HeatmapReader('argmax-biased', 'pixel-centre'),
];

describe.skipIf(!onnxRuntime)(`an ONNX model in ONNX Runtime answers as sonde does${WITHOUT_RUNTIME}`, () => {
  // 44 px halve to 22, 11, 6, 3, 2 or, pooled, to 22, 11, 5, 2: levels meet at sizes that do not double, and are
  // resized to each other.
  const size = 44;

  test.each(Object.keys(networks) as (keyof typeof networks)[])('%s, by every decoding', async (name) => {
    await withModel(networks[name], async (model, device) => {
      const answers = new Set<string>();
      for (const reader of readings) {
        const options: Exported = { size, reader, fit: false };
        const onnx = await exported(model, options);
        const { points } = await expectSameAnswer(device, model, onnx, phantom(1, size).frame, options);
        answers.add(JSON.stringify(points));
      }
      expect(answers.size).toBe(readings.length);
    });
  });

  test('frames of any extent, larger and smaller, wide and tall', async () => {
    await withModel(networks['deep-unet, stride'], async (model, device) => {
      const options: Exported = { size, reader: readings[0] };
      const onnx = await exported(model, options);
      const extents = [
        { width: 140, height: 97 },
        { width: 49, height: 61 },
        { width: 31, height: 30 },
        { width: 44, height: 44 },
      ];
      for (const extent of extents) {
        await expectSameAnswer(device, model, onnx, phantom(2, 140, extent).frame, options);
      }
    });
  });

  test('several frames at once are answered as one by one', async () => {
    await withModel(networks['deep-unet, pool'], async (model) => {
      const onnx = await exported(model, { size, reader: readings[0] });
      const [width, height] = [60, 50];
      const frames = [1, 2, 3].map((index) => phantom(index, 60, { width, height }).levels);
      const joined = new Uint8Array(frames.flatMap((levels) => [...levels]));
      const together = await runOnnx(onnx, { values: joined, count: 3, height, width });
      expect(together.landmarks.dims).toEqual([3, 3, 2]);
      for (const [i, values] of frames.entries()) {
        const alone = await runOnnx(onnx, { values, count: 1, height, width });
        for (const [name, { values: own }] of Object.entries(alone)) {
          const part = together[name].values.subarray(i * own.length, (i + 1) * own.length);
          for (const [k, value] of own.entries()) expect(part[k]).toBeCloseTo(value, 3);
        }
      }
    });
  });

  test('heatmaps that were trained towards peaks come out as they are', async () => {
    await withModel(networks['u-net, three channels'], async (model, device) => {
      const options: Exported = { size, reader: readings[2], heatmaps: 'scores' };
      await expectSameAnswer(device, model, await exported(model, options), phantom(3, 80).frame, options);
    });
  });

  test('with kernels in half precision it answers as the halved weights do, in half the bytes', async () => {
    await withModel(
      (b) => new DeepUNet(b, { base: 6, depth: 3 }),
      async (model, device) => {
        const options: Exported = { size, reader: readings[0], frameType: 'float32', fit: false };
        const whole = await exported(model, options);
        const half = await exported(model, { ...options, half: true });
        expect(half.length / whole.length).toBeLessThan(0.62);
        importWeights(model, halveWeights(await exportWeights(model)));
        await expectSameAnswer(device, model, half, phantom(4, size).frame, options);
      },
    );
  });

  test('a network of mixed precision is exported in single precision', async (context) => {
    const { traits } = await sharedDevice();
    if (!traits.f16) context.skip('the adapter has no f16');
    const file = (precision: 'f32' | 'mixed') =>
      withModel(
        (b) => new DeepUNet(b, { base: 2, depth: 3, precision }),
        (model) => exported(model, { size, reader: readings[0] }),
      );
    expect(await file('mixed')).toEqual(await file('f32'));
  });

  test('two landmarks in one cell make no angle', async () => {
    await withModel(networks['deep-unet, stride'], async (model) => {
      const head = model.named().filter(({ name }) => name.startsWith('head.'));
      // The first two maps alike: PS1 and PS2 fall together.
      for (const { tensor } of head) {
        const values = await tensor.data();
        const row = values.length / 3;
        values.copyWithin(row, 0, row);
        tensor.write(values);
      }
      const onnx = await exported(model, { size, reader: readings[2], fit: false });
      const { levels } = phantom(1, size);
      const { angle_of_progression } = await runOnnx(onnx, { values: levels, count: 1, height: size, width: size });
      expect([...angle_of_progression.values]).toEqual([Number.NaN]);
    });
  });

  test.skipIf(!existsSync(dicom))('real ultrasound frames from DICOM files', async () => {
    await withModel(networks['deep-unet, full'], async (model, device) => {
      const options: Exported = { size: 64, reader: readings[0], frameType: 'float32' };
      const onnx = await exported(model, options);
      for (const file of ['US1_J2KR.dcm', 'color-pl.dcm', 'gdcm-US-ALOKA-16.dcm']) {
        // The exported graph knows no region: it is cut out first.
        const frame = cropFrame(await decodeFrame(await readFile(join(dicom, file)), file));
        await expectSameAnswer(device, model, onnx, frame, options);
      }
    });
  });
});

// onnx/onnx.proto3, as far as this test reads it.
const { ModelProto } = protobuf.parse(`
  syntax = "proto3";
  message StringStringEntryProto { string key = 1; string value = 2; }
  message OperatorSetIdProto { string domain = 1; int64 version = 2; }
  message NodeProto { repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4; }
  message TensorProto { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
  message GraphProto { repeated NodeProto node = 1; string name = 2; repeated TensorProto initializer = 5; }
  message ModelProto {
    int64 ir_version = 1; string producer_name = 2; string producer_version = 3; GraphProto graph = 7;
    repeated OperatorSetIdProto opset_import = 8; repeated StringStringEntryProto metadata_props = 14;
  }`).root.nested as { ModelProto: protobuf.Type };

describe('the file', () => {
  test("carries the weights under PyTorch's names, and says how frames are to be given", async () => {
    await withModel(networks['deep-unet, stride'], async (model) => {
      const bytes = await exported(model, { size: 64, reader: readings[0], metadata: { config: '{}' } });
      const { graph, opsetImport, metadataProps, ...file } = ModelProto.toObject(ModelProto.decode(bytes), {
        longs: Number,
      });
      expect(file).toMatchObject({ irVersion: 8, producerName: 'sonde', producerVersion: '0.0.0' });
      expect(opsetImport).toEqual([{ version: 17 }]);
      const metadata = metadataProps.map(({ key, value }: { key: string; value: string }) => [key, value]);
      expect(Object.fromEntries(metadata)).toMatchObject({
        config: '{}',
        size: '64',
        landmarks: 'ps1,ps2,fh1',
        decoding: 'dsnt',
        grid: 'linspace',
        preprocessing: expect.stringContaining('values divided by 255; resize proportionally'),
      });
      const dims = new Map(graph.initializer.map((one: { name: string; dims: number[] }) => [one.name, one.dims]));
      for (const { name, tensor } of model.named()) {
        const [a, h, w, b] = tensor.shape;
        expect([name, dims.get(name)]).toEqual([name, tensor.shape.length === 4 ? [a, b, h, w] : tensor.shape]);
      }
      const names = graph.node.map((node: { name: string }) => node.name);
      expect(new Set(names).size).toBe(names.length);
    });
  });

  test('is refused for a network that does what ONNX has no rule for', async () => {
    class Odd extends DeepUNet {
      protected override forward(...call: Parameters<DeepUNet['forward']>) {
        const { heatmaps, encoded } = super.forward(...call);
        return { heatmaps: relu(heatmaps), encoded };
      }
    }
    await withModel(
      (b) => new Odd(b, { base: 1, depth: 3 }),
      async (model) => {
        await expect(exported(model, { size: 32, reader: readings[0] })).rejects.toThrow(OnnxError);
        await expect(exported(model, { size: 32, reader: readings[0] })).rejects.toThrow(
          /has no rule for ONNX; export/,
        );
      },
    );
  });
});
