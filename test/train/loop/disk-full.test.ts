import { execFile } from 'node:child_process';
import { readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { RunFolder, RunFolderError, resolveConfig, type TrainingInput, train } from '../../../src/train/index.js';
import { sharedDevice } from '../../support/device.js';
import { temporaryFolder } from '../dataset/temporary.js';
import { phantomFrames } from './phantom-frames.js';
import { runContents } from './run-contents.js';

const config = resolveConfig({
  model: { base: 1, depth: 3, inputSize: 32 },
  training: { epochs: 4, batchSize: 2, seed: 2, earlyStopPatience: null },
});
const frames = { training: phantomFrames(3, 32), validation: phantomFrames(2, 32, 8) };

const run = async (folder: RunFolder, input: Partial<TrainingInput> = {}) =>
  train({ device: await sharedDevice(), config, folder, ...frames, ...input });

/** A disk of 1 MiB, where this process may mount one: as root on Linux. */
const disk = await temporaryFolder();
const mounted = await promisify(execFile)('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]).then(
  () => true,
  () => false,
);
afterAll(async () => {
  if (mounted) await promisify(execFile)('umount', [disk]);
});

test.runIf(mounted)(
  'a disk that fills up stops training with a sentence, and the run goes on once there is room',
  async () => {
    const whole = await RunFolder.create(join(await temporaryFolder(), 'run'), config);
    await run(whole);

    const filler = join(disk, 'filler');
    const fill = async () => {
      const { bavail, bsize } = await statfs(disk);
      await writeFile(filler, new Uint8Array((bavail - 1) * bsize));
    };
    const folder = await RunFolder.create(join(disk, 'run'), config);
    const stopAfter: TrainingInput['stopAfter'] = async ({ epoch }) => {
      if (epoch === 2) await fill();
      return false;
    };
    const stopped = run(folder, { stopAfter });
    await expect(stopped).rejects.toThrow(RunFolderError);
    await expect(stopped).rejects.toThrow(
      /run has no room for state\.safetensors \(ENOSPC\); make room and go on from there: what was written before is whole\.$/,
    );
    expect((await readdir(folder.path)).filter((name) => name.endsWith('.partial'))).toEqual([]);
    const { position, metrics, last } = await runContents(folder.path);
    expect([position.epoch, metrics.length, last.epoch]).toEqual([2, 2, '2']);

    await rm(filler);
    await run(await RunFolder.create(folder.path, config, { resume: true }));
    expect(await runContents(folder.path)).toEqual(await runContents(whole.path));
  },
);
