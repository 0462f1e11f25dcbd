import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ComparedModel, conclusionOf, paperOrders, undefinedAngles } from '../../../src/train/comparison/index.js';
import { summarizeRuns } from '../../../src/train/comparison/summary.js';

type Architecture = ComparedModel['architecture'];

/** A model with these scores, one for each seed. */
function model(architecture: Architecture, apd: number[], aop: (number | undefined)[], name = `my-${architecture}`) {
  const runs = apd.map((own, i) => ({
    seed: i + 1,
    folder: `${name}-seed-${i + 1}`,
    epoch: 3,
    apd: own,
    perLandmark: { ps1: own - 1, ps2: own, fh1: own + 1 },
    ...(aop[i] === undefined ? {} : { aopMae: aop[i] }),
    undefinedAngles: 0,
  }));
  const rest = { decoding: 'argmax', parameters: 1, epochs: 3, quantisation: 0 } as const;
  return { name, architecture, ...rest, ...summarizeRuns(runs), runs } satisfies ComparedModel;
}

const unet = model('u-net', [30, 32, 31], [8, 9, 8.5]);
const deep = model('deep-unet', [20, 21, 22], [6, 6.5, 6.2]);
const dsnt = model('dsnt-deep-unet', [10, 11, 9], [4, 4.1, 4.2]);

describe('the order of the paper', () => {
  it('is reproduced where U-Net errs most and DSNT-DeepUNet least, whatever the order they are given in', () => {
    for (const models of [
      [unet, deep, dsnt],
      [dsnt, unet, deep],
    ]) {
      const orders = paperOrders(models);
      expect(orders.map(({ score, reproduced }) => [score, reproduced])).toEqual([
        ['apd', true],
        ['aopMae', true],
      ]);
      expect(orders[0].found).toEqual(['my-u-net', 'my-deep-unet', 'my-dsnt-deep-unet']);
      expect(conclusionOf(orders, models)).toBe(
        'The paper’s order of errors, U-Net > Deep-UNet > DSNT-DeepUNet, is reproduced in APD (U-Net 31.00 px > Deep-UNet 21.00 px > ' +
          'DSNT-DeepUNet 10.00 px), and reproduced in AoP (U-Net 8.50° > Deep-UNet 6.23° > DSNT-DeepUNet 4.10°).',
      );
    }
  });

  it('is not where a pair is the other way round, and the pair is named with its difference', () => {
    const better = model('u-net', [14, 15, 16], [7, 7, 7]);
    const [apd, aop] = paperOrders([better, deep, dsnt]);
    expect(apd.reproduced).toBe(false);
    expect(apd.found).toEqual(['my-deep-unet', 'my-u-net', 'my-dsnt-deep-unet']);
    expect(apd.statement).toBe(
      'not reproduced in APD (Deep-UNet 21.00 px > U-Net 15.00 px > DSNT-DeepUNet 10.00 px; ' +
        'Deep-UNet errs by 6.00 px more than U-Net, clearly beyond the spread over seeds)',
    );
    expect(aop.reproduced).toBe(true);
  });

  it('is spoken of only as far as the models go', () => {
    const architectures = { 'u-net': unet, 'deep-unet': deep, 'dsnt-deep-unet': dsnt };
    const titles = { 'u-net': 'U-Net', 'deep-unet': 'Deep-UNet', 'dsnt-deep-unet': 'DSNT-DeepUNet' };
    const all = Object.keys(architectures) as Architecture[];
    for (const missing of all) {
      const here = all.filter((one) => one !== missing);
      const models = here.map((one) => architectures[one]);
      const conclusion = conclusionOf(paperOrders(models), models);
      const part = here.map((one) => titles[one]).join(' > ');
      expect(conclusion).toMatch(
        new RegExp(
          `^Of the paper’s order of errors, U-Net > Deep-UNet > DSNT-DeepUNet, the part without ${titles[missing]}, which was not trained here, ${part}, is reproduced in APD`,
        ),
      );
      expect(conclusion.slice(conclusion.indexOf(' is '))).not.toMatch(new RegExp(`(^|[ (])${titles[missing]} `));
    }
  });

  it('says which differences the seeds alone explain, in either direction', () => {
    const wide = model('u-net', [10, 21, 31], [8, 8, 8]);
    const [apd] = paperOrders([wide, deep, dsnt]);
    expect(apd.statement).toContain(
      'Deep-UNet errs by 0.33 px more than U-Net, which lies within the spread over seeds',
    );
    const near = paperOrders([model('u-net', [15, 21, 30], [8, 8, 8]), deep, dsnt])[0];
    expect(near.reproduced).toBe(true);
    expect(near.statement).toContain('the 1.00 px between U-Net and Deep-UNet lie within the spread over seeds');
  });

  it('takes nothing for certain from a single seed', () => {
    const [apd] = paperOrders([model('u-net', [30], [8]), model('dsnt-deep-unet', [10], [4])]);
    expect(apd.reproduced).toBe(true);
    expect(apd.statement).toContain(
      'the 20.00 px between U-Net and DSNT-DeepUNet cannot be confirmed by a single seed',
    );
  });

  it('says nothing of one architecture, and nothing of the angle where a run has none', () => {
    const presets = [model('deep-unet', [9], [3], 'stride'), model('deep-unet', [8], [2], 'pool')];
    expect(paperOrders(presets)).toEqual([]);
    expect(conclusionOf([], presets)).toMatch(/one architecture/);
    const orders = paperOrders([model('u-net', [30, 31], [8, undefined]), dsnt]);
    expect(orders.map(({ score }) => score)).toEqual(['apd']);
  });

  it('calls several models of one architecture by their names and sets no order between them', () => {
    const [apd] = paperOrders([
      model('deep-unet', [9, 9.1], [3, 3], 'stride'),
      model('deep-unet', [20, 20.1], [2, 2], 'pool'),
      model('dsnt-deep-unet', [5, 5.1], [1, 1]),
    ]);
    expect(apd.statement).toBe('reproduced in APD (pool 20.05 px > stride 9.05 px > DSNT-DeepUNet 5.05 px)');
  });

  it('is of angles that exist: answers without one are counted', () => {
    const data = { folder: 'data', train: 2, validation: 1, test: 10 };
    expect(undefinedAngles({ models: [unet, deep, dsnt], data })).toBeUndefined();
    const without = (one: typeof unet, counts: number[]) => ({
      ...one,
      runs: one.runs.map((run, i) => ({ ...run, undefinedAngles: counts[i] })),
    });
    expect(undefinedAngles({ models: [without(unet, [2, 0, 1]), deep, without(dsnt, [0, 1, 0])], data })).toBe(
      'Two landmarks coincide in 3 of U-Net’s 30 answers and 1 of DSNT-DeepUNet’s 30 answers: these have no angle, ' +
        'and no part in the error of the angle.',
    );
  });

  it('is reproduced exactly if no model of a later row errs as much as one of an earlier row', () => {
    const scores = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(scores, ([a, b, c]) => {
        const [apd] = paperOrders([
          model('u-net', [a, a], [1, 1]),
          model('deep-unet', [b, b], [1, 1]),
          model('dsnt-deep-unet', [c, c], [1, 1]),
        ]);
        expect(apd.reproduced).toBe(a > b && b > c);
      }),
    );
  });
});
