import { PassThrough } from 'node:stream';
import { afterEach, expect, test, vi } from 'vitest';
import { openTrainingDisplay } from '../../../src/train/index.js';
import { writtenTo } from '../../support/written.js';

afterEach(() => void vi.restoreAllMocks());

const metrics = {
  ...{
    epoch: 3,
    learningRate: 0.001,
    trainingLoss: 1300,
    trainingExcess: 45,
    validationLoss: 1310,
    validationExcess: 55,
  },
  ...{
    trainingApd: 12,
    validationApd: 12.5,
    validationAopMae: 4,
    gradientNorm: 1,
    lossScale: 1,
    imagesPerSecond: 9,
    best: true,
    time: '',
  },
};

/** A display whose clock stands at `seconds`, and the lines that it has written. */
function display() {
  let seconds = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => 1000 * seconds);
  const stream = new PassThrough();
  const opened = openTrainingDisplay(stream, 10);
  const at = (time: number, tell: (events: (typeof opened)['events']) => void) => {
    seconds = time;
    tell(opened.events);
  };
  return { at, lines: () => writtenTo(stream).trimEnd().split('\n') };
}

test('tells how far a long compilation is, how long it took, and when the first step was done', () => {
  const { at, lines } = display();
  at(100, ({ beginEpoch }) => beginEpoch(1, { done: 0, total: 40 }));
  for (const [time, done] of [
    [101, 1],
    [106, 2],
    [107, 3],
    [112.5, 30],
    [113, 43],
  ]) {
    at(time, ({ compiling }) => compiling(done, 43));
  }
  at(114.25, ({ step }) => step({ images: 8, loss: 1300, excess: 45 }));
  expect(lines()).toEqual([
    'compiling kernels: 2 of 43',
    'compiling kernels: 30 of 43',
    '43 kernels compiled after 13.0 s; taking the first step',
    'first step done after 14.3 s',
  ]);
});

test('goes on with the epoch that a resumed run was stopped in, behind its last step too', () => {
  const { at, lines } = display();
  at(1, ({ beginEpoch }) => beginEpoch(3, { done: 40, total: 40 }));
  at(2, ({ endEpoch }) => endEpoch(metrics, 20));
  at(2, ({ beginEpoch }) => beginEpoch(4, { done: 0, total: 40 }));
  at(3, ({ step }) => step({ images: 8, loss: 1300, excess: 45 }));
  at(9, ({ endEpoch }) => endEpoch({ ...metrics, epoch: 4 }, 20));
  const [first, second] = lines();
  expect(first).toMatch(/^epoch 3\/10 .*APD 12\.50 px .*best so far$/);
  expect(second).toMatch(/^epoch 4\/10 /);
});
