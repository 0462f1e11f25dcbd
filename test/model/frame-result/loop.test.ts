import { describe, expect, test } from 'vitest';
import { FrameError, loopSummary, parseFrames, selectFrames } from '../../../src/model/index.js';

const frame = (aop: number | null, lowConfidence = false, frameCount = 5) => ({
  frameCount,
  aop,
  aopInMillimetres: null,
  lowConfidence,
});

describe('loopSummary', () => {
  test('has median and quartiles of the frames that have an angle', () => {
    const summary = loopSummary([frame(100), frame(90, true), frame(null, true), frame(120), frame(95)]);
    expect(summary).toEqual({
      frames: 5,
      angles: 4,
      lowConfidence: 2,
      // Of 90, 95, 100, 120, as numpy.quantile has them.
      aop: { median: 97.5, q1: 93.75, q3: 105, min: 90, max: 120 },
      aopInMillimetres: null,
    });
  });

  test('is none of a single frame, and without an angle has no numbers', () => {
    expect(loopSummary([frame(90, false, 1)])).toBeNull();
    expect(loopSummary([frame(null)])).toMatchObject({ frames: 1, angles: 0, aop: null });
  });
});

describe('frames', () => {
  test.each<[string, number[]]>([
    ['all', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ['first', [0]],
    ['1,5-9', [0, 4, 5, 6, 7, 8]],
    [' 3 - 3 '.replaceAll(' ', ''), [2]],
    ['9, 2-4,3', [1, 2, 3, 8]],
  ])('%s', (text, chosen) => {
    expect(selectFrames(parseFrames(text), 10, 'a.dcm')).toEqual(chosen);
  });

  test.each(['', '0', '-1', '3-1', '1.5', 'last', '1,,2', '1-', '99999999'])('“%s” is refused', (text) => {
    expect(() => parseFrames(text)).toThrow(FrameError);
    expect(() => parseFrames(text)).toThrow('give all, first, or numbers from 1 and ranges as in 1,5-9');
  });

  test('beyond the file are refused, with how many it has', () => {
    expect(() => selectFrames(parseFrames('2,9-12'), 10, 'a.dcm')).toThrow(
      'a.dcm: there is no frame 12, the file has 10; choose frames from 1 to 10.',
    );
  });
});
