import { dsntDeepUNet } from '../models/workloads.js';
import type { Row } from '../report.js';
import type { Scale, Suite } from '../suite.js';
import { measureStep } from './step.js';

type Axis = NonNullable<Row['scaling']>['axis'];

/** One of them varies, the others stay at their `from`. */
interface Sweep {
  readonly from: Readonly<Record<Axis, number>>;
  readonly along: Readonly<Record<Axis, readonly number[]>>;
}

const SWEEPS: Readonly<Record<Scale, Sweep | undefined>> = {
  quick: undefined,
  software: {
    // The deepest level has 1/128 of the image's height, and a batch of 1 needs more than one pixel there.
    from: { batch: 4, resolution: 256, width: 8 },
    along: { batch: [1, 2, 4, 8], resolution: [64, 128, 256], width: [4, 8, 16] },
  },
  gpu: {
    from: { batch: 8, resolution: 256, width: 32 },
    along: { batch: [1, 2, 4, 8, 16, 32], resolution: [64, 128, 256, 512], width: [8, 16, 32, 64] },
  },
};

/** How a training step of DSNT-DeepUNet grows with the batch, the images' size and the network's base width. */
export const scalingSuite: Suite = {
  name: 'scaling',
  title: 'how a training step grows',

  async *run(context) {
    const sweep = SWEEPS[context.scale];
    if (!sweep) return;
    for (const axis of Object.keys(sweep.along) as Axis[]) {
      for (const value of sweep.along[axis]) {
        const { batch, resolution, width }: Record<Axis, number> = { ...sweep.from, [axis]: value };
        const row = await measureStep({ ...context, batch }, dsntDeepUNet(width, resolution));
        yield { ...row, suite: 'scaling', scaling: { axis, value } };
      }
    }
  },
};
