import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exportWeights, halveWeights, importWeights, LANDMARK_NAMES } from '../../src/model/index.js';
import { buildHeatmapReader, buildModel, generatePhantom, Predictor, resolveConfig } from '../../src/train/index.js';
import { drawPeakedWeights } from '../model/peaked-weights.js';
import { sharedDevice } from '../support/device.js';
import { hasPyTorch, runPython, WITHOUT_PYTORCH } from '../support/pytorch.js';
import { temporaryFolder } from '../train/dataset/temporary.js';

/** Loads each file in three lines and answers the frame that stands beside it. */
const PROGRAM = `
import json, sys
import torch
from sonde_networks import landmarks, load

answers = []
for path in sys.argv[1:]:
    model, config = load(path)
    size = config["model"]["inputSize"]
    frame = torch.tensor(json.load(open(path + ".json"))).reshape(1, 1, size, size)
    with torch.no_grad():
        logits = model(frame)
    answers.append({
        "probabilities": logits.flatten(2).softmax(2)[0].tolist(),
        "landmarks": landmarks(logits, config)[0].tolist(),
    })
print(json.dumps(answers))
`;

const deep = { base: 2, depth: 4, inputSize: 44 };
const models = [
  { architecture: 'u-net', base: 2, depth: 3, inputSize: 44 },
  { architecture: 'u-net', base: 2, depth: 3, inputSize: 44, decoding: 'argmax-biased' },
  { architecture: 'deep-unet', ...deep, preset: 'pool' },
  { architecture: 'dsnt-deep-unet', ...deep },
  { architecture: 'dsnt-deep-unet', ...deep, preset: 'full', inChannels: 3, grid: 'pixel-centre' },
];

describe.skipIf(!hasPyTorch)(`tools/pytorch${WITHOUT_PYTORCH}`, () => {
  test('every network loads its weights, also halved ones, and answers as sonde does', async () => {
    const device = await sharedDevice();
    const folder = await temporaryFolder();
    const expected: { probabilities: number[][]; landmarks: number[][] }[] = [];
    const paths: string[] = [];
    for (const [index, settings] of models.entries()) {
      const config = resolveConfig({ model: settings });
      const model = buildModel(device, config);
      await drawPeakedWeights(device, model);
      let file = await exportWeights(model, { config: JSON.stringify(config) });
      if (index % 2 === 1) {
        file = halveWeights(file);
        importWeights(model, file);
      }
      const { pixels } = generatePhantom({ seed: 3, index, difficulty: 1, size: 44 });
      const frame = Float32Array.from(pixels, (level) => level / 255);
      const path = join(folder, `${index}.safetensors`);
      await writeFile(path, file);
      await writeFile(`${path}.json`, JSON.stringify([...frame]));
      paths.push(path);

      const predictor = new Predictor(device, model, { size: 44, reader: buildHeatmapReader(config), batchSize: 1 });
      const [{ landmarks, heatmaps }] = await predictor.predict([frame], { heatmaps: true });
      expected.push({
        probabilities: [0, 1, 2].map((k) => [...(heatmaps?.values ?? [])].filter((_, i) => i % 3 === k)),
        landmarks: LANDMARK_NAMES.map((name) => [landmarks[name].x, landmarks[name].y]),
      });
      predictor.dispose();
      model.dispose();
    }

    const answers = await runPython<typeof expected>(PROGRAM, ...paths);
    const differences = (a: number[][], b: number[][]) => a.flat().map((value, i) => Math.abs(value - b.flat()[i]));
    for (const [index, { probabilities, landmarks }] of answers.entries()) {
      const own = expected[index];
      expect(probabilities.flat().length).toBe(own.probabilities.flat().length);
      expect(Math.max(...differences(probabilities, own.probabilities))).toBeLessThan(1e-4);
      expect(Math.max(...differences(landmarks, own.landmarks))).toBeLessThan(0.01);
    }
  });
});
