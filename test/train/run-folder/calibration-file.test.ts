import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunFolderError, readCalibration, writeCalibration } from '../../../src/train/run-folder/index.js';
import type { StoredCalibration } from '../../../src/train/uncertainty/index.js';

let run: string;
beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), 'sonde-calibration-'));
});
afterEach(() => rm(run, { recursive: true }));

const landmark = { scale: 0.4, blur: 300, floor: 12 };
const best: StoredCalibration = {
  landmarks: { ps1: landmark, ps2: landmark, fh1: landmark },
  angleScale: 0.9,
  threshold: null,
  frames: 40,
  split: 'validation',
  checkpoint: 'best',
  epoch: 7,
  decoding: 'dsnt',
};

describe('calibrations of a run', () => {
  it('are kept for each checkpoint and decoding, and read for their epoch only', async () => {
    expect(await readCalibration(run, best)).toBeUndefined();
    const last = { ...best, checkpoint: 'last', epoch: 9, threshold: 14.5 };
    const peak = { ...best, decoding: 'argmax', angleScale: 1.1 };
    for (const one of [best, last, peak]) await writeCalibration(run, one);
    expect(await readCalibration(run, { checkpoint: 'best', epoch: 7, decoding: 'dsnt' })).toEqual(best);
    expect(await readCalibration(run, last)).toEqual(last);
    expect(await readCalibration(run, peak)).toEqual(peak);
    expect(await readCalibration(run, { ...best, epoch: 8 })).toBeUndefined();
  });

  it('give way to a later one of the same reading', async () => {
    await writeCalibration(run, best);
    await writeCalibration(run, { ...best, epoch: 8, frames: 41 });
    expect(await readCalibration(run, best)).toBeUndefined();
    expect(JSON.parse(await readFile(join(run, 'calibration.json'), 'utf8'))).toHaveLength(1);
  });

  it.each(['[{"scale":', '[{"landmarks": 3}]'])('are refused where the file is damaged: %s', async (text) => {
    await writeFile(join(run, 'calibration.json'), text);
    const error: unknown = await readCalibration(run, best).catch((reason) => reason);
    expect(error).toBeInstanceOf(RunFolderError);
    expect((error as Error).message).toMatch(/calibration\.json is damaged; delete it, the next evaluation of the run/);
  });
});
