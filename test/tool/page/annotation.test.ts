import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Annotation,
  annotate,
  confirm,
  decisionOf,
  isCorrected,
  landmarksOf,
  moveLandmark,
  redoChange,
  resetToPrediction,
  undoChange,
} from '../../../src/tool/page/annotate/annotation.js';
import { resultWith } from '../../support/frame-result.js';

const prediction = resultWith({ ps1: { x: 20, y: 10 }, ps2: { x: 5, y: 12 }, fh1: { x: 25, y: 30 } });
const fresh = annotate(prediction, 'page');
const name = fc.constantFrom('ps1', 'ps2', 'fh1');
const point = fc.record({
  x: fc.double({ min: -100, max: 100, noNaN: true }),
  y: fc.double({ min: -100, max: 100, noNaN: true }),
});
const move = fc.record({ name, point, step: fc.constantFrom('new', 'same') });
const play = (moves: { name: 'ps1' | 'ps2' | 'fh1'; point: { x: number; y: number }; step: 'new' | 'same' }[]) =>
  // A drag begins with a step of its own.
  moves.reduce(
    (annotation, { name, point, step }, i) => moveLandmark(annotation, name, point, i === 0 ? 'new' : step),
    fresh,
  );

describe('an annotation', () => {
  test('undone as often as it was changed is the prediction, and redone as often is what it was', () => {
    fc.assert(
      fc.property(fc.array(move, { minLength: 1, maxLength: 12 }), (moves) => {
        const after = play(moves);
        const steps = after.history.past.length;
        let annotation: Annotation = after;
        for (let i = 0; i < steps; i++) annotation = undoChange(annotation);
        expect(landmarksOf(annotation)).toEqual(prediction.landmarks);
        expect(undoChange(annotation)).toBe(annotation);
        for (let i = 0; i < steps; i++) annotation = redoChange(annotation);
        expect(landmarksOf(annotation)).toEqual(landmarksOf(after));
        expect(redoChange(annotation)).toBe(annotation);
      }),
    );
  });

  test('keeps landmarks on the frame and the prediction as it was', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 6 }), (moves) => {
        const annotation = play(moves);
        expect(annotation.prediction).toBe(prediction);
        for (const { x, y } of Object.values(landmarksOf(annotation))) {
          expect(x >= -0.5 && x <= 39.5 && y >= -0.5 && y <= 35.5).toBe(true);
        }
      }),
    );
  });

  test('makes one step of a drag, however many points it went through', () => {
    let annotation = moveLandmark(fresh, 'fh1', { x: 1, y: 1 }, 'new');
    for (let x = 2; x < 9; x++) annotation = moveLandmark(annotation, 'fh1', { x, y: 1 }, 'same');
    expect(landmarksOf(annotation).fh1).toEqual({ x: 8, y: 1 });
    expect(landmarksOf(undoChange(annotation))).toEqual(prediction.landmarks);
  });

  test('forgets what was undone once it is changed otherwise', () => {
    const changed = moveLandmark(
      undoChange(moveLandmark(fresh, 'ps1', { x: 1, y: 1 }, 'new')),
      'ps2',
      { x: 2, y: 2 },
      'new',
    );
    expect(redoChange(changed)).toBe(changed);
  });

  test('is open until it is confirmed, and again once it is changed', () => {
    expect(decisionOf(fresh)).toBe('open');
    expect(decisionOf(confirm(fresh))).toBe('accepted');
    const moved = moveLandmark(confirm(fresh), 'ps1', { x: 1, y: 1 }, 'new');
    expect(decisionOf(moved)).toBe('open');
    expect(decisionOf(confirm(moved))).toBe('corrected');
    const undone = confirm(undoChange(confirm(moved)));
    expect([decisionOf(undone), decisionOf(redoChange(undone))]).toEqual(['accepted', 'open']);
    expect(decisionOf(undoChange(confirm(moved)))).toBe('open');
    const back = resetToPrediction(confirm(moved));
    expect([isCorrected(back), decisionOf(confirm(back))]).toEqual([false, 'accepted']);
    expect(landmarksOf(undoChange(back)).ps1).toEqual({ x: 1, y: 1 });
    expect(resetToPrediction(fresh)).toBe(fresh);
  });
});
