import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { angleOfProgression, type Landmarks } from '../../../src/model/index.js';
import type { ModelDescription } from '../../../src/tool/model-description.js';
import { annotate, confirm, landmarksOf, moveLandmark } from '../../../src/tool/page/annotate/annotation.js';
import { type ExportedFrame, resultsJson } from '../../../src/tool/page/export/document.js';
import { slicerMarkups } from '../../../src/tool/page/export/slicer.js';
import { trainingArchive } from '../../../src/tool/page/export/training-archive.js';
import { trainingLabels, trainingSet } from '../../../src/tool/page/export/training-labels.js';
import { decodeFrame, encodeGreyPng, readCorrections, readDataset } from '../../../src/train/index.js';
import { resultWith } from '../../support/frame-result.js';

const landmarks: Landmarks = { ps1: { x: 20.25, y: 10 }, ps2: { x: 5, y: 12 }, fh1: { x: 25, y: 30.125 } };
const predicted = annotate(resultWith(landmarks, { spacing: { x: 0.2, y: 0.3 } }), 'page');
const corrected = confirm(moveLandmark(predicted, 'fh1', { x: 30, y: 20 }, 'new'));
const exported = (file: string, frame?: number, annotation = corrected): ExportedFrame => ({
  file,
  frame,
  annotation,
  seconds: 12.345,
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sonde-export-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('corrections as training data', () => {
  test('rows beside the pictures they are of read back as labels', async () => {
    const root = join(folder, 'rows');
    const place = join(root, 'Training', 'Labeled cases');
    await mkdir(place, { recursive: true });
    const image = await encodeGreyPng({ width: 40, height: 36, pixels: new Uint8Array(1440) });
    for (const name of ['a, b.png', 'c.png']) await writeFile(join(place, name), image);
    await writeFile(
      join(place, 'label.csv'),
      trainingLabels([exported('a, b.png'), exported('c.png', undefined, predicted)]),
    );
    const cases = await readDataset(root, 'train');
    expect(cases.map(({ file, landmarks }) => [file, landmarks])).toEqual([
      ['a, b.png', landmarksOf(corrected)],
      ['c.png', landmarks],
    ]);
    expect(cases[0].aop).toBeCloseTo(angleOfProgression(landmarksOf(corrected)) ?? 0, 10);
  });

  test('names of pictures are all different, and tell the frame of a file with several', () => {
    const frames = [exported('a.dcm'), exported('A.jpg'), exported('a.mha', 7), exported('noextension')];
    const { names, csv } = trainingSet(frames);
    expect(names).toEqual(['a.png', 'A-2.png', 'a-frame-0007.png', 'noextension.png']);
    expect(
      csv
        .split('\n')
        .slice(1, 5)
        .map((row) => row.split(',')[0]),
    ).toEqual(names);
    expect(trainingLabels([exported('a.mha', 7)])).toContain('a-frame-0007.png');
  });

  test('the archive is a data set, with the greys of the frames, and says which labels are corrections', async () => {
    const pixels = Float32Array.from({ length: 1440 }, (_, i) => (i % 256) / 255);
    const frame = { width: 40, height: 36, pixels };
    const origin = { created: '2026-01-01T00:00:00.000Z', model: { name: 'small', sha256: 'aa' } };
    const frames = [exported('one.dcm'), exported('two.mha', 3, confirm(predicted))];
    const archive = await trainingArchive(frames, async () => frame, origin);
    const root = join(folder, 'archive');
    for (const [path, bytes] of Object.entries(unzipSync(new Uint8Array(await archive.arrayBuffer())))) {
      await mkdir(join(root, path, '..'), { recursive: true });
      await writeFile(join(root, path), bytes);
    }
    const cases = await readDataset(root, 'train');
    expect(cases.map(({ file }) => file)).toEqual(['one.png', 'two-frame-0003.png']);
    expect(await readCorrections(root)).toEqual({
      version: 1,
      ...origin,
      frames: [
        { file: 'one.png', corrected: true, predicted: landmarks },
        { file: 'two-frame-0003.png', corrected: false, predicted: landmarks },
      ],
    });
    const read = await decodeFrame(
      unzipSync(new Uint8Array(await archive.arrayBuffer()))['Training/Labeled cases/one.png'],
      'a',
    );
    expect(Array.from(read.pixels, (value) => Math.round(255 * value))).toEqual(
      Array.from(pixels, (value) => Math.round(255 * value)),
    );
  });
});

test('JSON has prediction and correction side by side, with lengths and warnings', () => {
  const model = { name: 'small', weights: { f32: { sha256: 'aa' }, f16: { sha256: 'bb' } } } as ModelDescription;
  const text = resultsJson([exported('a.png', 2), exported('b.png', undefined, predicted)], model, 'f16', new Date(0));
  const { frames, ...document } = JSON.parse(text);
  expect(document).toMatchObject({ created: '1970-01-01T00:00:00.000Z', model: { sha256: 'bb', precision: 'f16' } });
  expect(document.notice).toContain('Not a medical device');
  expect(frames[0]).toMatchObject({
    file: 'a.png',
    frame: 2,
    decision: 'corrected',
    corrected: true,
    seconds: 12.3,
    landmarks: { fh1: { x: 30, y: 20 } },
    prediction: { landmarks, computed: 'page', confidence: { fh1: 0.7 } },
  });
  expect(frames[0].rays.ps1ps2).toBeCloseTo(Math.hypot(0.2 * 15.25, 0.3 * 2), 10);
  expect(frames[0].warnings[0]).toContain('Pixels are not square');
  expect(frames[1]).toMatchObject({ frame: null, decision: 'open', corrected: false, landmarks });
  expect(frames[1].aop).toBe(frames[1].prediction.aop);
});

test('Slicer gets points in millimetres and an angle whose second point is PS1', () => {
  const { markups } = JSON.parse(slicerMarkups(corrected));
  const [points, angle] = markups;
  expect(points.type).toBe('Fiducial');
  expect(points.controlPoints.map(({ label }: { label: string }) => label)).toEqual(['PS1', 'PS2', 'FH1']);
  expect(points.controlPoints[2].position).toEqual([30 * 0.2, 20 * 0.3, 0]);
  expect(angle.type).toBe('Angle');
  expect(angle.controlPoints.map(({ label }: { label: string }) => label)).toEqual(['PS2', 'PS1', 'FH1']);
  const together = moveLandmark(predicted, 'ps2', landmarks.ps1, 'new');
  expect(JSON.parse(slicerMarkups(together)).markups).toHaveLength(1);
  const plain = annotate(resultWith(landmarks), 'page');
  expect(JSON.parse(slicerMarkups(plain)).markups[0].controlPoints[0].position).toEqual([20.25, 10, 0]);
});
