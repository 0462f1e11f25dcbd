import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { TrainingProgress } from '../../../src/train/progress/index.js';

/** A stream that keeps what is written to it, a terminal or not. */
class Recorder extends Writable {
  readonly isTTY: boolean;
  readonly columns = 160;
  text = '';
  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** The least that the paper's loss can be. */
const FLOOR = 1255.2134;

/** Two epochs of two steps with 8 images each; a step takes 250 ms, a validation 500 ms. */
function train(stream: Recorder, { epochsDone = 0, stepsDone = 0, stopAfter = 2 } = {}): void {
  let time = 0;
  const progress = new TrainingProgress({
    stream,
    epochs: 10,
    stepsPerEpoch: 2,
    epochsDone,
    stepsDone,
    now: () => time,
  });
  for (let epoch = 0; epoch < stopAfter; epoch++) {
    progress.startEpoch();
    for (const loss of [1302.4, 1290]) {
      time += 250;
      progress.step({ images: 8, loss: loss - epoch, excess: loss - epoch - FLOOR });
    }
    time += 500;
    progress.endEpoch({
      trainingLoss: 1296.2 - epoch,
      trainingExcess: 1296.2 - epoch - FLOOR,
      validationLoss: 1250 + 100 * epoch,
      validationExcess: 1250 + 100 * epoch - FLOOR,
      apd: 14.766 - epoch,
      learningRate: 5.352137134504593e-5,
      best: epoch === 1,
      meanApd: 20,
    });
  }
  progress.stop();
}

describe('TrainingProgress', () => {
  it('does not praise the best of epochs that are no better than no model', () => {
    const stream = new Recorder(false);
    const progress = new TrainingProgress({ stream, epochs: 2, stepsPerEpoch: 1 });
    progress.startEpoch();
    const losses = { trainingLoss: 1, trainingExcess: 1, validationLoss: 3e13, validationExcess: 3e13 };
    progress.endEpoch({ ...losses, apd: 312, learningRate: 1, best: true, meanApd: 48.125 });
    expect(stream.text).toMatch(/APD 312\.00 px .* best so far, and no better than the mean position \(48\.13 px\)\n$/);
  });

  it('writes one plain line per epoch where there is no terminal', () => {
    const stream = new Recorder(false);
    train(stream);
    expect(stream.text.split('\n')).toEqual([
      'epoch 1/10  loss 1296.2 (+40.99)  validation 1250.0 (−5.213)  APD 14.77 px  learning rate 5.35e-5  32.0 images/s',
      'epoch 2/10  loss 1295.2 (+39.99)  validation 1350.0 (+94.79)  APD 13.77 px  learning rate 5.35e-5  32.0 images/s  best so far',
      '',
    ]);
  });

  it('counts on behind the epochs of a resumed run', () => {
    const stream = new Recorder(false);
    train(stream, { epochsDone: 6, stopAfter: 1 });
    expect(stream.text).toMatch(/^epoch 7\/10 /);
  });

  it('draws a bar with loss, distance, speed and time left on a terminal, and the lines above it', () => {
    const stream = new Recorder(true);
    train(stream);
    expect(stream.text).toContain('epoch 1/10  loss 1296.2');
    expect(stream.text).toContain('epoch 2/10  loss 1295.2');
    // 4 of 20 steps took 2 s, so 16 take 8 s.
    expect(stream.text).toMatch(
      /epoch 2\/10 █+░+ 20% {2}loss 1289\.0 \(\+33\.79\) {2}APD 13\.77 px {2}32\.0 images\/s {2}8 s left/,
    );
  });

  it('bases the time left of a resumed run on its own steps', () => {
    const stream = new Recorder(true);
    train(stream, { epochsDone: 6, stopAfter: 1 });
    // 2 steps took 1 s; 20 − 12 − 2 are left.
    expect(stream.text).toMatch(/epoch 7\/10 █+░+ 70% .* 3 s left/);
  });

  it('counts the steps of an epoch that a resumed run was stopped in', () => {
    const stream = new Recorder(true);
    train(stream, { epochsDone: 6, stepsDone: 1, stopAfter: 1 });
    expect(stream.text).toMatch(/epoch 7\/10 █+░+ 75% /);
  });

  it('says nothing about a loss that was not read', () => {
    const stream = new Recorder(true);
    const progress = new TrainingProgress({ stream, epochs: 1, stepsPerEpoch: 4 });
    progress.startEpoch();
    progress.step({ images: 8 });
    progress.stop();
    expect(stream.text).not.toContain('loss');
    expect(stream.text).toMatch(/25% .*images\/s/);
  });
});
