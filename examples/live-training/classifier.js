import { Adam, add, compile, gradients, logSoftmax, matmul, mean, mul, neg, softmax, sum, tanh } from 'sonde/engine';

/** Side of the grid of places at which the network is asked. */
export const GRID = 96;

/** The middle of each of the grid's cells, row by row from the top, x and y in [-1, 1]. */
function gridPlaces() {
  const middle = (cell) => (2 * cell + 1) / GRID - 1;
  return Float32Array.from({ length: 2 * GRID * GRID }, (_, i) => {
    const cell = i >> 1;
    return i % 2 === 0 ? middle(cell % GRID) : -middle(Math.floor(cell / GRID));
  });
}

/**
 * A perceptron with two hidden layers that learns to tell two classes of points apart, by cross-entropy and Adam on all points at once.
 */
export class Classifier {
  /**
   * @param {import('sonde/engine').Device} device
   * @param {{ positions: Float32Array, labels: Uint8Array }} points
   * @param {number} width Units of each hidden layer
   */
  constructor(device, { positions, labels }, width) {
    const count = labels.length;
    const dense = (from, to, key) => {
      // Glorot's bounds, for tanh.
      const bound = Math.sqrt(6 / (from + to));
      return { weight: device.uniform([from, to], key, -bound, bound), bias: device.zeros([to]) };
    };
    this.layers = [dense(2, width, 1), dense(width, width, 2), dense(width, 2, 3)];
    const oneHot = Float32Array.from({ length: 2 * count }, (_, i) => Number(labels[i >> 1] === i % 2));
    this.inputs = {
      positions: device.tensor(positions, [count, 2]),
      classes: device.tensor(oneHot, [count, 2]),
      places: device.tensor(new Float32Array([...gridPlaces(), ...positions]), [GRID * GRID + count, 2]),
    };
    this.labels = labels;
    const adam = new Adam();
    const parameters = this.layers.flatMap(({ weight, bias }) => [weight, bias]);
    // None of the arguments is a tensor that would say where.
    const options = { device };
    this.train = compile((learningRate) => {
      const scores = this.scores(this.inputs.positions);
      const loss = neg(mean(sum(mul(logSoftmax(scores), this.inputs.classes), { axes: [1] })));
      adam.update(parameters, gradients(loss, parameters), learningRate);
      return loss;
    }, options);
    this.ask = compile(() => softmax(this.scores(this.inputs.places)), options);
  }

  /** What the network says of places, before it is turned into probabilities: [places, 2]. */
  scores(places) {
    const last = this.layers.length - 1;
    return this.layers.reduce((x, { weight, bias }, i) => {
      const y = add(matmul(x, weight), bias);
      return i < last ? tanh(y) : y;
    }, places);
  }

  /** Takes some steps and gives the loss before the last of them. */
  async steps(count, learningRate) {
    let loss;
    for (let i = 0; i < count; i++) {
      loss?.dispose();
      loss = await this.train(learningRate);
    }
    const value = await loss.item();
    loss.dispose();
    return value;
  }

  /**
   * How probable the second class is in each cell of the grid, and how many of the points are on their side.
   *
   * @returns {Promise<{ probabilities: Float32Array, accuracy: number }>}
   */
  async look() {
    const answer = await this.ask();
    const both = await answer.data();
    answer.dispose();
    const second = (i) => both[2 * i + 1];
    const right = this.labels.filter((label, i) => second(GRID * GRID + i) > 0.5 === (label === 1)).length;
    const probabilities = Float32Array.from({ length: GRID * GRID }, (_, i) => second(i));
    return { probabilities, accuracy: right / this.labels.length };
  }

  /** Gives all memory of the device back. */
  dispose() {
    this.train.dispose();
    this.ask.dispose();
    for (const { weight, bias } of this.layers) for (const tensor of [weight, bias]) tensor.dispose();
    for (const tensor of Object.values(this.inputs)) tensor.dispose();
  }
}
