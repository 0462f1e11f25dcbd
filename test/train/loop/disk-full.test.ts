import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import {
  RunFolder,
  RunFolderError,
  resolveConfig,
  runTraining,
  type TrainingInput,
  train,
} from '../../../src/train/index.js';
import { sharedDevice } from '../../support/device.js';
import { temporaryFolder } from '../dataset/temporary.js';
import { phantomFrames } from './phantom-frames.js';
import { writePhantomSet } from './phantom-set.js';
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
      /run has no room for state\.safetensors \(ENOSPC\); free some space and resume: what was written before is complete\.$/,
    );
    expect((await readdir(folder.path)).filter((name) => name.endsWith('.partial'))).toEqual([]);
    const { position, metrics, last } = await runContents(folder.path);
    expect([position.epoch, metrics.length, last.epoch]).toEqual([2, 2, '2']);

    await rm(filler);
    await run(await RunFolder.create(folder.path, config, { resume: true }));
    expect(await runContents(folder.path)).toEqual(await runContents(whole.path));
  },
);

test.runIf(mounted)(
  'one that is full before anything is kept leaves no folder, and the sentence does not speak of one',
  async () => {
    const data = join(await temporaryFolder(), 'data');
    await writePhantomSet(data, { train: 3, validation: 2, test: 0 });
    const { bavail, bsize } = await statfs(disk);
    // Room for the small files of the beginning, and none for a state.
    await writeFile(join(disk, 'filler'), new Uint8Array((bavail - 6) * bsize));
    const out = join(disk, 'new');
    const stopped = runTraining({
      device: await sharedDevice(),
      data,
      config,
      out,
      stream: new PassThrough().resume(),
    });
    await expect(stopped).rejects.toThrow(
      /new has no room for state\.safetensors \(ENOSPC\); free some space and start again: nothing had been saved yet\.$/,
    );
    expect(existsSync(out)).toBe(false);
  },
);
