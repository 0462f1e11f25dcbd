import { expect, test } from 'vitest';
import { loadConfig, OVERFIT_GOAL, train } from '../../../src/train/index.js';
import { planRun } from '../../../src/train/loop/dry-run.js';
import { sharedDevice } from '../../support/device.js';
import { phantomFrames } from './phantom-frames.js';

// Hundreds of steps: in the long mode only.
test.runIf(process.env.SONDE_TEST_CASES).each(['stride', 'pool', 'full'])(
  'four frames are overfitted with the preset %s',
  { timeout: 1_200_000 },
  async (preset) => {
    const settings = [`model.preset=${preset}`, 'model.depth=5', 'loss.sigma=0.7'];
    const { config, passes, stopAfter } = planRun(await loadConfig('configs/small-dsnt-deep-unet.json', settings), {
      overfit: 4,
    });
    const frames = phantomFrames(4, config.model.inputSize);
    const device = await sharedDevice();
    const outcome = await train({ device, config, training: frames, validation: frames, passes, stopAfter });
    expect(outcome.bestApd).toBeLessThan(OVERFIT_GOAL);
    expect(outcome.epochs).toBe(outcome.bestEpoch);
  },
);
