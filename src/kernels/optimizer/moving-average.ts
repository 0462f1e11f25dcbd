import { type ArenaLayout, isPackedIn, packRecorded, packStored, relyOnPlaces } from '../../engine/arena.js';
import { assignAll, currentValue } from '../../engine/effects.js';
import { SondeError, scope, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { signature } from '../../engine/signature.js';
import { add, mul, sub } from '../elementwise/elementwise.js';

const updateTakes = signature('MovingAverage.update', {
  averages: kinds.learnable,
  values: kinds.learnable,
  rate: kinds.either(kinds.share, kinds.f32),
});

/**
 * An exponential moving average of tensors, kept in others of the same shapes: a ← (1 − rate)·a + rate·x, in one
 * dispatch per arena. The caller gives `rate`: 1 for the first step, where the averages become the values, and 1 −
 * decay afterwards. Counterpart: torch.optim.swa_utils.AveragedModel with get_ema_multi_avg_fn(decay).
 */
export class MovingAverage {
  private averages: readonly Tensor[] = [];
  private arenas: { readonly layout: ArenaLayout; readonly flat: Tensor }[] = [];

  /**
   * Moves the averages. Within a compiled function this is an effect of the program; values assigned before, such as
   * parameters after the optimizer's update, take part as they are then.
   *
   * @param averages Stored tensors, the same at every call. The first call moves them into arenas.
   * @param values One per average, of its shape. Parameters that an optimizer has just updated, all of them and in its
   *   order, are taken from its arenas without a copy.
   */
  update(averages: readonly Tensor[], values: readonly Tensor[], rate: number | Tensor): void {
    updateTakes(arguments);
    if (values.length !== averages.length) {
      throw new SondeError(
        `moving average: ${values.length} values for ${averages.length} averages; give one for each, in order.`,
      );
    }
    this.prepare(averages);
    const current = values.map(currentValue);
    scope('average', () => {
      // Not a + rate·(x − a), which for a rate of 1 would miss x by the rounding of the difference.
      const rest = typeof rate === 'number' ? 1 - rate : sub(1, rate);
      const moved = this.arenas.map(({ layout, flat }): [Tensor, Tensor] => [
        flat,
        add(mul(flat, rest), mul(packRecorded(current, layout), rate)),
      ]);
      assignAll(moved);
    });
  }

  /** Releases the arenas. The averages stay. */
  dispose(): void {
    for (const { flat } of this.arenas) flat.dispose();
    this.arenas = [];
    this.averages = [];
  }

  private prepare(averages: readonly Tensor[]): void {
    const [first] = averages;
    if (!first) throw new SondeError('moving average: no averages; give at least one.');
    const same = averages.length === this.averages.length && averages.every((own, i) => own === this.averages[i]);
    if (!same || !this.arenas.every(({ layout, flat }) => isPackedIn(flat, layout, averages))) {
      this.dispose();
      this.arenas = packStored(first.device, averages);
      this.averages = [...averages];
    }
    relyOnPlaces(averages);
  }
}
