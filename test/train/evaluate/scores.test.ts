import { describe, expect, it } from 'vitest';
import { type LandmarkCase, type Landmarks, scoreCases, scoresSchema } from '../../../src/train/index.js';

/** Landmarks with an angle of `degrees`. */
function at(degrees: number): Landmarks {
  const radians = (degrees * Math.PI) / 180;
  return {
    ps1: { x: 200, y: 200 },
    ps2: { x: 300, y: 200 },
    fh1: { x: 200 + 90 * Math.cos(radians), y: 200 + 90 * Math.sin(radians) },
  };
}

const cases: LandmarkCase[] = [
  [90, 92],
  [101, 100],
  [110, 113],
  [122, 120],
  [135, 131],
].map(([predicted, truth]) => ({ predicted: at(predicted), truth: at(truth) }));
const collapsed: LandmarkCase = { predicted: { ...at(90), fh1: at(90).ps1 }, truth: at(90) };
const options = { seed: 1, meanLandmarks: at(105) };

describe('scoreCases', () => {
  it('measures how the angles agree, predicted minus true, without frames that have none', () => {
    const scores = scoreCases([...cases, collapsed], options);
    const { blandAltman, icc } = scores.aopAgreement ?? {};
    expect(scores.undefinedAngles).toBe(1);
    expect(blandAltman?.count).toBe(5);
    // Differences −2, 1, −3, 2, 4.
    expect(blandAltman?.bias).toBeCloseTo(0.4, 10);
    expect(blandAltman?.sd).toBeCloseTo(Math.sqrt((2.4 ** 2 + 0.6 ** 2 + 3.4 ** 2 + 1.6 ** 2 + 3.6 ** 2) / 4), 10);
    expect(icc).toMatchObject({ subjects: 5, raters: 2 });
    expect(icc?.icc).toBeGreaterThan(0.95);
    expect(scoresSchema.parse(JSON.parse(JSON.stringify(scores)))).toEqual(scores);
  });

  it('says nothing of agreement where there are fewer than three angles, or where they never differ', () => {
    expect(scoreCases([...cases.slice(0, 2), collapsed], options).aopAgreement).toBeUndefined();
    const same = { predicted: at(100), truth: at(100) };
    expect(scoreCases([same, same, same], options).aopAgreement).toBeUndefined();
  });
});
