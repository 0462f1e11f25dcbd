import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PredictionsError, parsePredictionsCsv, predictionsCsv } from '../../../src/train/run-folder/index.js';

const predicted = { ps1: { x: 280, y: 70 }, ps2: { x: 160, y: 100 }, fh1: { x: 320.12345, y: 200 } };
const truth = { ps1: { x: 283, y: 66 }, ps2: { x: 160, y: 100 }, fh1: { x: 320.12345, y: 188 } };

describe('predictionsCsv', () => {
  it('has landmarks and angle only where no truth is known', () => {
    expect(predictionsCsv([{ filename: 'a.jpg', predicted: { ...predicted, fh1: { x: 320, y: 200 } } }])).toBe(
      'Filename,PS1,PS2,FH1,AoP\na.jpg,"(280, 70)","(160, 100)","(320, 200)",93.066\n',
    );
  });

  it('adds truth and errors: 3-4-5 at PS1, none at PS2, 12 px at FH1', () => {
    const [row] = parse<Record<string, string>>(predictionsCsv([{ filename: 'a, "b".jpg', predicted, truth }]), {
      columns: true,
    });
    expect(row).toMatchObject({
      Filename: 'a, "b".jpg',
      FH1: '(320.123, 200)',
      'PS1 truth': '(283, 66)',
      'PS1 error (px)': '5',
      'PS2 error (px)': '0',
      'FH1 error (px)': '12',
    });
    // Rays (−120, 30) and (40.12, 130), and (−123, 34) and (37.12, 122).
    const degrees = (y: number, x: number) => (Math.atan2(y, x) * 180) / Math.PI;
    const angle = 180 - degrees(30, 120) - degrees(130, 40.12345);
    const trueAngle = 180 - degrees(34, 123) - degrees(122, 37.12345);
    expect(Number(row.AoP)).toBeCloseTo(angle, 3);
    expect(Number(row['AoP truth'])).toBeCloseTo(trueAngle, 3);
    expect(Number(row['AoP error (degrees)'])).toBeCloseTo(Math.abs(angle - trueAngle), 3);
    const [swapped] = parse<Record<string, string>>(
      predictionsCsv([{ filename: 'a', predicted: truth, truth: predicted }]),
      { columns: true },
    );
    expect(swapped['AoP error (degrees)']).toBe(row['AoP error (degrees)']);
  });

  it('says how sure the model was, and how far an ensemble disagrees, where that is known', () => {
    const own = (disagreement?: number) => ({
      covariance: { xx: 4, xy: -1.5, yy: 12.0001 },
      entropy: 3.25,
      peakMass: 0.5,
      predictedError: 4,
      ...(disagreement === undefined ? {} : { disagreement }),
    });
    const uncertainty = {
      landmarks: { ps1: own(1), ps2: own(2), fh1: own(3) },
      aop: { sd: 2, low: 89.08, high: 96.92, approximate: false },
      predictedError: 4,
      lowConfidence: true,
    };
    const text = predictionsCsv([
      { filename: 'a', predicted, uncertainty },
      { filename: 'b', predicted, uncertainty: { ...uncertainty, aop: undefined, lowConfidence: undefined } },
      { filename: 'c', predicted },
    ]);
    const rows = parse<Record<string, string>>(text, { columns: true });
    expect(rows[0]).toMatchObject({
      'PS2 covariance (px²)': '(4, -1.5, 12)',
      'PS2 predicted error (px)': '4',
      'FH1 entropy (nats)': '3.25',
      'FH1 peak mass': '0.5',
      'PS1 disagreement (px)': '1',
      'FH1 disagreement (px)': '3',
      'AoP sd (degrees)': '2',
      'AoP low': '89.08',
      'AoP high': '96.92',
      'Low confidence': 'yes',
    });
    expect(rows[1]).toMatchObject({ 'AoP sd (degrees)': '', 'AoP low': '', 'Low confidence': '' });
    expect(rows[2]).toMatchObject({ 'PS1 covariance (px²)': '', 'PS1 disagreement (px)': '' });
    expect(parsePredictionsCsv(text).map(({ filename }) => filename)).toEqual(['a', 'b', 'c']);
    const single = { ...uncertainty, landmarks: { ps1: own(), ps2: own(), fh1: own() } };
    expect(predictionsCsv([{ filename: 'a', predicted, uncertainty: single }])).not.toContain('disagreement');
  });

  it('leaves cells empty where a truth or an angle is missing', () => {
    const collapsed = { ...predicted, ps2: predicted.ps1 };
    const rows = parse(
      predictionsCsv([
        { filename: 'a', predicted: collapsed, truth },
        { filename: 'b', predicted },
      ]),
      { columns: true },
    );
    expect(rows[0]).toMatchObject({ AoP: '', 'AoP error (degrees)': '', 'PS1 error (px)': '5' });
    expect(rows[1]).toMatchObject({ 'PS1 truth': '', 'AoP truth': '', 'FH1 error (px)': '' });
  });
});

describe('parsePredictionsCsv', () => {
  const point = fc.record({ x: thousandths(), y: thousandths() });
  const landmarks = fc.record({ ps1: point, ps2: point, fh1: point });

  it('reads what predictionsCsv has written, whatever the file is called', () => {
    const prediction = fc.record(
      {
        filename: fc.string({ unit: 'binary', minLength: 1 }).map((name) => name.replaceAll('\uFEFF', '')),
        predicted: landmarks,
        truth: landmarks,
        scale: fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
      },
      { requiredKeys: ['filename', 'predicted'] },
    );
    fc.assert(
      fc.property(fc.array(prediction, { minLength: 1, maxLength: 4 }), (predictions) => {
        expect(parsePredictionsCsv(predictionsCsv(predictions))).toEqual(
          predictions.map((one) => ({ truth: undefined, scale: undefined, ...one })),
        );
      }),
    );
  });

  it.each([
    ['no table', 'a,b\n1,2,3\n', /x\.csv is not a table of predictions \(.*\); evaluate the run again/],
    ['a missing column', 'Filename,PS1,PS2\na,"(1, 2)","(1, 2)"\n', /x\.csv, row 1: there is no column FH1;/],
    [
      'a point that is none',
      'Filename,PS1,PS2,FH1\na,"(1, 2)","(1, 2)","(1, 2)"\nb,"(1, 2)","(1, x)","(1, 2)"\n',
      /x\.csv, row 2: PS2 is "\(1, x\)", not a point/,
    ],
    [
      'a scale that is none',
      'Filename,PS1,PS2,FH1,Scale to 512\na,"(1, 2)","(1, 2)","(1, 2)",-4\n',
      /x\.csv, row 1: Scale to 512 is "-4"/,
    ],
  ])('refuses %s', (_, text, message) => {
    expect(() => parsePredictionsCsv(text, 'x.csv')).toThrow(PredictionsError);
    expect(() => parsePredictionsCsv(text, 'x.csv')).toThrow(message);
  });

  function thousandths() {
    return fc.integer({ min: -2_000_000, max: 2_000_000 }).map((value) => value / 1000);
  }
});
