import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scaleTo512 } from '../../../src/model/coordinates.js';
import { angleOfProgression, type Landmarks } from '../../../src/model/landmarks.js';
import {
  bootstrapIntervals,
  bootstrapIntervalsSchema,
  bootstrapMean,
  evaluateLandmarks,
  type LandmarkCase,
  landmarkMetricsSchema,
  MetricsError,
  meanLandmarks,
} from '../../../src/train/metrics/index.js';

const truth: Landmarks = { ps1: { x: 280, y: 70 }, ps2: { x: 160, y: 100 }, fh1: { x: 320, y: 200 } };

/** `truth` with each landmark moved by [dx, dy]. */
function moved(ps1: [number, number], ps2: [number, number], fh1: [number, number]): LandmarkCase {
  const move = (name: keyof Landmarks, [dx, dy]: [number, number]) => ({
    x: truth[name].x + dx,
    y: truth[name].y + dy,
  });
  return { predicted: { ps1: move('ps1', ps1), ps2: move('ps2', ps2), fh1: move('fh1', fh1) }, truth };
}

const point = fc.record({
  x: fc.double({ min: 0, max: 511, noNaN: true }),
  y: fc.double({ min: 0, max: 511, noNaN: true }),
});
const landmarks = fc.record({ ps1: point, ps2: point, fh1: point });
const cases = fc.array(fc.record({ predicted: landmarks, truth: landmarks }), { minLength: 1, maxLength: 12 });

describe('evaluateLandmarks', () => {
  it('agrees with two frames worked by hand', () => {
    // Distances 5, 10, 0 and 0, 13, 20; coordinate errors 3 −4 6 8 0 0 and 0 0 5 12 −12 16.
    const metrics = evaluateLandmarks([moved([3, -4], [6, 8], [0, 0]), moved([0, 0], [5, 12], [-12, 16])]);
    expect(metrics.count).toBe(2);
    expect(metrics.mse).toBeCloseTo((9 + 16 + 36 + 64 + 25 + 144 + 144 + 256) / 12, 10);
    expect(metrics.mae).toBeCloseTo((3 + 4 + 6 + 8 + 5 + 12 + 12 + 16) / 12, 10);
    expect(metrics.apd).toBeCloseTo(48 / 6, 10);
    expect(metrics.sdr).toEqual({ within5: 3 / 6, within10: 4 / 6, within20: 1 });
    const { ps1, ps2, fh1 } = metrics.perLandmark;
    expect([ps1.apd, ps2.apd, fh1.apd]).toEqual([2.5, 11.5, 10]);
    expect([ps1.mse, ps1.mae]).toEqual([25 / 4, 7 / 4]);
    expect([ps2.mse, ps2.mae]).toEqual([(36 + 64 + 25 + 144) / 4, 31 / 4]);
    expect([fh1.mse, fh1.mae]).toEqual([100, 7]);
    expect(ps1.sdr).toEqual({ within5: 1, within10: 1, within20: 1 });
    expect(ps2.sdr).toEqual({ within5: 0, within10: 0.5, within20: 1 });
    expect(fh1.sdr).toEqual({ within5: 0.5, within10: 0.5, within20: 1 });
  });

  it('says how the distances are spread, with quantiles as NumPy and R have them', () => {
    // Distances 5, 10, 0, 0, 13, 20: sorted 0 0 5 10 13 20.
    const { distances } = evaluateLandmarks([moved([3, -4], [6, 8], [0, 0]), moved([0, 0], [5, 12], [-12, 16])]);
    expect(distances.median).toBe(7.5);
    expect(distances.q1).toBeCloseTo(1.25, 12);
    expect(distances.q3).toBeCloseTo(12.25, 12);
    expect(distances.p95).toBeCloseTo(18.25, 12);
    expect(distances.max).toBe(20);
    expect(distances.sd).toBeCloseTo(Math.sqrt((9 + 4 + 64 + 64 + 25 + 144) / 5), 12);
    expect(evaluateLandmarks([moved([3, 4], [0, 0], [0, 0])]).perLandmark.ps1.distances).toEqual({
      q1: 5,
      median: 5,
      q3: 5,
      p95: 5,
      max: 5,
    });
  });

  it('gives millimetres over the frames whose pixels have a size', () => {
    const plain = moved([3, 4], [3, 4], [3, 4]);
    const measured = { ...moved([3, 4], [30, 40], [0, 0]), spacing: { x: 0.5, y: 0.25 } };
    expect(evaluateLandmarks([plain]).mm).toBeUndefined();
    const { mm, apd } = evaluateLandmarks([plain, measured]);
    expect(apd).toBeCloseTo((5 * 3 + 5 + 50) / 6, 12);
    expect(mm?.count).toBe(1);
    expect(mm?.perLandmark.ps1.apd).toBeCloseTo(Math.hypot(1.5, 1), 12);
    expect(mm?.perLandmark.ps1.mae).toBeCloseTo(1.25, 12);
    expect(mm?.perLandmark.ps1.mse).toBeCloseTo((2.25 + 1) / 2, 12);
    expect(mm?.apd).toBeCloseTo((11 * Math.hypot(1.5, 1)) / 3, 12);
    expect(mm?.distances.max).toBeCloseTo(10 * Math.hypot(1.5, 1), 12);
  });

  it('measures angles in degrees, worked by hand', () => {
    // Right angle at the origin; predictions of 86°, 98° and 105° are 4°, 8° and 15° off.
    const at = (degrees: number): Landmarks => ({
      ps1: { x: 0, y: 0 },
      ps2: { x: 100, y: 0 },
      fh1: { x: 50 * Math.cos((degrees * Math.PI) / 180), y: 50 * Math.sin((degrees * Math.PI) / 180) },
    });
    const metrics = evaluateLandmarks([86, 98, 105].map((degrees) => ({ predicted: at(degrees), truth: at(90) })));
    expect(metrics.aopMae).toBeCloseTo(9, 10);
    expect(metrics.aopErrors?.median).toBeCloseTo(8, 10);
    expect(metrics.aopErrors?.max).toBeCloseTo(15, 10);
    expect(metrics.aopWithin5).toBeCloseTo(1 / 3, 10);
    expect(metrics.aopWithin10).toBeCloseTo(2 / 3, 10);
    expect(metrics.undefinedAngles).toBe(0);
  });

  it('counts a frame without an angle, and takes it for a miss', () => {
    const collapsed = { predicted: { ...truth, fh1: truth.ps1 }, truth };
    const metrics = evaluateLandmarks([{ predicted: truth, truth }, collapsed]);
    expect(metrics.undefinedAngles).toBe(1);
    expect(metrics.aopMae).toBe(0);
    expect(metrics.aopWithin5).toBe(0.5);
    expect(metrics.aopWithin10).toBe(0.5);
    const none = evaluateLandmarks([collapsed]);
    expect([none.aopMae, none.aopErrors, none.undefinedAngles]).toEqual([undefined, undefined, 1]);
  });

  it('keeps to the inequalities between its scores', () => {
    fc.assert(
      fc.property(cases, (given) => {
        const { mse, mae, apd, sdr, distances, perLandmark, aopMae } = evaluateLandmarks(given);
        expect(mae ** 2).toBeLessThanOrEqual(mse * (1 + 1e-9));
        // |dx| + |dy| lies between the distance and √2 times it.
        expect(apd).toBeLessThanOrEqual(2 * mae * (1 + 1e-9));
        expect(2 * mae).toBeLessThanOrEqual(Math.SQRT2 * apd * (1 + 1e-9));
        expect(sdr.within5).toBeLessThanOrEqual(sdr.within10);
        expect(sdr.within10).toBeLessThanOrEqual(sdr.within20);
        const { q1, median, q3, p95, max } = distances;
        expect([...[q1, median, q3, p95, max]].sort((a, b) => a - b)).toEqual([q1, median, q3, p95, max]);
        expect((perLandmark.ps1.mse + perLandmark.ps2.mse + perLandmark.fh1.mse) / 3).toBeCloseTo(mse, 5);
        expect((perLandmark.ps1.apd + perLandmark.ps2.apd + perLandmark.fh1.apd) / 3).toBeCloseTo(apd, 8);
        if (aopMae !== undefined) expect(aopMae).toBeLessThanOrEqual(180);
      }),
    );
  });

  it('has what its schema says', () => {
    fc.assert(
      fc.property(cases, (given) => {
        const metrics = evaluateLandmarks(given);
        expect(landmarkMetricsSchema.parse(JSON.parse(JSON.stringify(metrics)))).toEqual(metrics);
      }),
    );
  });

  it('does not depend on the order of the frames', () => {
    fc.assert(
      fc.property(cases, (given) => {
        const forward = evaluateLandmarks(given);
        const backward = evaluateLandmarks([...given].reverse());
        expect(backward.apd).toBeCloseTo(forward.apd, 9);
        expect(backward.sdr).toEqual(forward.sdr);
      }),
    );
  });

  it('refuses no frames and coordinates that are not finite', () => {
    expect(() => evaluateLandmarks([])).toThrow(MetricsError);
    const broken = { predicted: { ...truth, ps2: { x: Number.NaN, y: 3 } }, truth };
    expect(() => evaluateLandmarks([{ predicted: truth, truth }, broken])).toThrow(
      'Frame 1 has its predicted PS2 at (NaN, 3); score finite coordinates only.',
    );
  });
});

describe('bootstrapIntervals', () => {
  const spread = Array.from({ length: 40 }, (_, index) => moved([index, 0], [index, 0], [index, 0]));

  it('is reproducible, and only so with the same seed', () => {
    const one = bootstrapIntervals(spread, { seed: 7 });
    expect(bootstrapIntervals(spread, { seed: 7 })).toEqual(one);
    expect(bootstrapIntervals(spread, { seed: 8 })).not.toEqual(one);
  });

  it('agrees with the normal approximation for the mean of 40 values', () => {
    // 0 … 39 have mean 19.5 and standard deviation √((40² − 1) / 12) = 11.543; the mean of 40 draws 1.825.
    const { apd } = bootstrapIntervals(spread, { seed: 1, resamples: 10_000 });
    expect(apd.low).toBeCloseTo(19.5 - 1.96 * 1.825, 0);
    expect(apd.high).toBeCloseTo(19.5 + 1.96 * 1.825, 0);
    expect(apd.high - apd.low).toBeGreaterThan(2 * 1.9 * 1.825);
    expect(apd.high - apd.low).toBeLessThan(2 * 2.02 * 1.825);
  });

  it('narrows with the level', () => {
    const wide = bootstrapIntervals(spread, { seed: 1 });
    const narrow = bootstrapIntervals(spread, { seed: 1, level: 0.5 });
    expect(narrow.apd.low).toBeGreaterThan(wide.apd.low);
    expect(narrow.apd.high).toBeLessThan(wide.apd.high);
  });

  it('is a point where all frames err alike', () => {
    const { apd, aopMae } = bootstrapIntervals([moved([3, 4], [3, 4], [3, 4]), moved([4, 3], [4, 3], [4, 3])], {
      seed: 1,
    });
    expect(apd).toEqual({ low: 5, high: 5 });
    expect(aopMae?.high).toBeCloseTo(0, 10);
  });

  it('has an interval around every score', () => {
    const measured = spread.map((_, i) =>
      i === 3 ? { predicted: { ...truth, fh1: truth.ps1 }, truth } : moved([i, 0], [0, i], [i / 3, -i]),
    );
    const scores = evaluateLandmarks(measured);
    const intervals = bootstrapIntervals(measured, { seed: 5, resamples: 400 });
    expect(bootstrapIntervalsSchema.parse(intervals)).toEqual(intervals);
    let compared = 0;
    const compare = (interval: unknown, value: unknown) => {
      if (typeof interval !== 'object' || interval === null) return;
      if ('low' in interval && 'high' in interval) {
        expect(interval.low).toBeLessThan(Number(value));
        expect(interval.high).toBeGreaterThan(Number(value));
        compared += 1;
        return;
      }
      for (const [key, inner] of Object.entries(interval)) compare(inner, (value as Record<string, unknown>)[key]);
    };
    const withMedian = ({ distances, ...score }: typeof scores.perLandmark.ps1) => ({
      ...score,
      median: distances.median,
    });
    const { ps1, ps2, fh1 } = scores.perLandmark;
    compare(intervals, {
      ...scores,
      median: scores.distances.median,
      perLandmark: { ps1: withMedian(ps1), ps2: withMedian(ps2), fh1: withMedian(fh1) },
      aopMedian: scores.aopErrors?.median,
    });
    expect(compared).toBe(4 * 7 + 4);
  });

  it('agrees with a bootstrap of single values', () => {
    const values = [3, 9, 4, 1, 7];
    const moves = values.map((x) => moved([x, 0], [x, 0], [x, 0]));
    expect(bootstrapMean(values, { seed: 3 })).toEqual(bootstrapIntervals(moves, { seed: 3 }).apd);
    expect(bootstrapMean([], { seed: 3 })).toBeUndefined();
  });

  it('leaves frames without an angle out of the interval of the angle', () => {
    const collapsed = { predicted: { ...truth, fh1: truth.ps1 }, truth };
    expect(bootstrapIntervals([collapsed], { seed: 1 }).aopMae).toBeUndefined();
    const mixed = bootstrapIntervals([collapsed, { predicted: truth, truth }], { seed: 1 });
    expect(mixed.aopMae).toEqual({ low: 0, high: 0 });
  });
});

describe('meanLandmarks', () => {
  it('is the centre of each landmark', () => {
    const other: Landmarks = { ps1: { x: 290, y: 72 }, ps2: { x: 160, y: 80 }, fh1: { x: 300, y: 260 } };
    expect(meanLandmarks([truth, other])).toEqual({
      ps1: { x: 285, y: 71 },
      ps2: { x: 160, y: 90 },
      fh1: { x: 310, y: 230 },
    });
    expect(() => meanLandmarks([])).toThrow(MetricsError);
  });

  it('has the smallest squared error of all constant predictors', () => {
    fc.assert(
      fc.property(fc.array(landmarks, { minLength: 1, maxLength: 8 }), landmarks, (truths, rival) => {
        const mseOf = (predicted: Landmarks) =>
          evaluateLandmarks(truths.map((each) => ({ predicted, truth: each }))).mse;
        expect(mseOf(meanLandmarks(truths))).toBeLessThanOrEqual(mseOf(rival) * (1 + 1e-9) + 1e-9);
      }),
    );
  });
});

describe('scaleTo512', () => {
  it('maps edges to edges and the centre to the centre', () => {
    const corners: Landmarks = { ps1: { x: -0.5, y: -0.5 }, ps2: { x: 127.5, y: 127.5 }, fh1: { x: 63.5, y: 0 } };
    expect(scaleTo512(corners, 128)).toEqual({
      ps1: { x: -0.5, y: -0.5 },
      ps2: { x: 511.5, y: 511.5 },
      fh1: { x: 255.5, y: 1.5 },
    });
  });

  it('changes nothing at 512 and keeps the angle at any size', () => {
    expect(scaleTo512(truth, 512)).toEqual(truth);
    expect(angleOfProgression(scaleTo512(truth, 129))).toBeCloseTo(93.0664855, 6);
  });
});
