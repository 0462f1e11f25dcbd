/// <reference lib="esnext.disposable" preserve="true" />
import advanceSource from './advance-generator.wgsl';
import { view } from './basic-operations.js';
import type { Device } from './device.js';
import { assign } from './effects.js';
import { TensorError } from './errors.js';
import { evaluate } from './evaluate.js';
import { activeTrace, record } from './graph.js';
import { U32 } from './operands.js';
import type { Operation } from './operation.js';
import { keyWords, type RandomKey } from './random-key.js';
import type { Tensor } from './tensor.js';
import { kernel } from './wgsl/index.js';

/** Words of a generator's state: its key, and how often it has drawn, low word first. */
const STATE_WORDS = 4;

const advanceOperation: Operation<null> = {
  name: 'advanceGenerator',
  operands: { state: U32 },
  shape: ([state]) => [state],
  lower(lowering, [state], [next]) {
    lowering.dispatch({
      label: 'advanceGenerator',
      ...kernel(advanceSource),
      bindings: [state, next],
      writes: [1],
      workgroups: [1, 1, 1],
    });
  },
};

/**
 * A stream of random draws of which each goes on where the last ended. Counterpart: `torch.Generator`.
 *
 * The position of the stream is a tensor on the device. Within a compiled function a draw advances it as an effect of
 * the program, so that every call draws anew; elsewhere it advances at once. The same seed and the same order of draws
 * give the same bits, and no two draws of a generator overlap. Made by {@link Device.generator}.
 */
export class Generator {
  private readonly position: Tensor;

  /** @internal Use {@link Device.generator}. */
  constructor(
    readonly device: Device,
    seed: RandomKey,
  ) {
    if (activeTrace()) {
      throw new TensorError(
        'generator: one made inside a compiled function would start from its seed again with each program; make it before.',
      );
    }
    this.position = device.tensor([...keyWords(seed), 0, 0], [STATE_WORDS], 'u32');
    this.position.label = 'generator';
  }

  /** @internal Where the next draw lies, u32 [4]; the one after that lies further on. */
  next(): Tensor {
    const here = view(this.position, 0, [STATE_WORDS]);
    const [advanced] = record(advanceOperation, [this.position], null);
    if (activeTrace()) assign(this.position, advanced);
    // A copy of its own, so that what is drawn can run later.
    else evaluate(this.device, [here], new Map([[this.position, advanced]]));
    return here;
  }

  /** The position of the stream: four words to be saved, for {@link restore}. Counterpart: `get_state`. */
  async state(): Promise<Uint32Array> {
    return new Uint32Array(await this.device.read(this.position));
  }

  /**
   * Goes on from a saved state, with the same bits. Counterpart: `set_state`.
   * @param words What {@link state} returned.
   * @throws TensorError for anything else
   */
  restore(words: ArrayLike<number>): void {
    const given = Array.from(words);
    if (given.length !== STATE_WORDS || !given.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32)) {
      throw new TensorError(
        `restore: [${given.join(', ')}] is not a state of a generator; give the ${STATE_WORDS} whole numbers that state() returned.`,
      );
    }
    this.position.write(given);
  }

  /** Gives the memory of the state back. Drawing afterwards is an error. */
  dispose(): void {
    this.position.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
