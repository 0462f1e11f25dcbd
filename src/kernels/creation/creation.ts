import { cast, fill } from '../../engine/basic-operations.js';
import { type Device, type Operation, record, reshape, ShapeError, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { signature } from '../../engine/signature.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { equal } from '../elementwise/comparison.js';
import { linearGrid } from '../grid.js';
import source from './range.wgsl';

// As parts of the graph, so within compiled functions too; device.zeros and the like make stored tensors at once.

interface RangeAttributes {
  readonly start: number;
  readonly step: number;
  readonly end: number;
  readonly count: number;
  readonly dtype: 'f32' | 'i32';
}

const rangeUniforms = {
  f32: uniforms({ count: 'u32', start: 'f32', step: 'f32', end: 'f32' }),
  i32: uniforms({ count: 'u32', start: 'i32', step: 'i32', end: 'i32' }),
};

const rangeOperation: Operation<RangeAttributes> = {
  name: 'range',
  shape: (_inputs, { count, dtype }) => [{ shape: [count], dtype }],
  lower(lowering, _inputs, [result], { dtype, ...values }) {
    lowering.dispatch({
      label: 'range',
      ...kernel(source, { constants: { TYPE: dtype }, uniforms: rangeUniforms[dtype](values) }),
      bindings: [result],
      writes: [0],
      workgroups: linearGrid(values.count),
    });
  },
  gradient: () => [],
};

const arangeTakes = signature('arange', {
  device: kinds.device,
  start: kinds.finite,
  end: kinds.finite,
  step: kinds.optional(kinds.finite),
});

/**
 * Numbers from `start` in steps of `step`, before `end`: i32 if all three are whole, else f32. Counterpart:
 * torch.arange.
 * @throws ShapeError if there are none
 */
export function arange(device: Device, start: number, end: number, step = 1): Tensor {
  arangeTakes(arguments);
  const count = Math.ceil((end - start) / step);
  if (!(count >= 1 && Number.isFinite(count))) {
    throw new ShapeError(
      `arange: from ${start} to ${end} in steps of ${step} there are no numbers; give at least one.`,
    );
  }
  const dtype = [start, end, step].every(Number.isInteger) ? 'i32' : 'f32';
  return record(rangeOperation, [], { start, step, end: start + step * (count - 1), count, dtype }, device)[0];
}

const linspaceTakes = signature('linspace', {
  device: kinds.device,
  start: kinds.finite,
  end: kinds.finite,
  count: kinds.whole(1),
});

/** `count` numbers from `start` to `end`, both included, at equal distances, f32. Counterpart: torch.linspace. */
export function linspace(device: Device, start: number, end: number, count: number): Tensor {
  linspaceTakes(arguments);
  const step = count > 1 ? (end - start) / (count - 1) : 0;
  return record(
    rangeOperation,
    [],
    { start, step, end: count > 1 ? end : start, count, dtype: 'f32' as const },
    device,
  )[0];
}

const eyeTakes = signature('eye', {
  device: kinds.device,
  rows: kinds.whole(1),
  columns: kinds.optional(kinds.whole(1)),
});

/** 1 on the diagonal and 0 elsewhere, [rows, columns], square if no columns are given, f32. Counterpart: torch.eye. */
export function eye(device: Device, rows: number, columns = rows): Tensor {
  eyeTakes(arguments);
  return cast(equal(reshape(arange(device, 0, rows), [rows, 1]), arange(device, 0, columns)), 'f32');
}

const likeTakes = (name: string) => signature(name, { x: kinds.tensor });
const zerosTakes = likeTakes('zerosLike');
const onesTakes = likeTakes('onesLike');
const fullTakes = signature('fullLike', { x: kinds.tensor, value: kinds.scalar });

/** Zeros in the shape and type of x. Counterpart: torch.zeros_like. */
export function zerosLike(x: Tensor): Tensor {
  zerosTakes(arguments);
  return fill(x.device, x.shape, 0, x.dtype);
}

/** Ones in the shape and type of x. Counterpart: torch.ones_like. */
export function onesLike(x: Tensor): Tensor {
  onesTakes(arguments);
  return fill(x.device, x.shape, 1, x.dtype);
}

/** One value everywhere in the shape and type of x. Counterpart: torch.full_like. */
export function fullLike(x: Tensor, value: number): Tensor {
  fullTakes(arguments);
  return fill(x.device, x.shape, value, x.dtype);
}
