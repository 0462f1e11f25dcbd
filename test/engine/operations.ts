// Operations that only tests need: one in place, one with two results.
import { sizeOf } from '../../src/engine/shape.js';
import { linearGrid, type Operation, record, type Tensor } from '../../src/index.js';

const accumulateOperation: Operation<null> = {
  name: 'accumulateInPlace',
  shape: ([x]) => [x],
  updates: () => [[0, 0]],
  lower: (lowering, [, y], [x]) =>
    lowering.dispatch({
      label: 'accumulateInPlace',
      source: `
        @group(0) @binding(0) var<uniform> count: u32;
        @group(0) @binding(1) var<storage, read> y: array<f32>;
        @group(0) @binding(2) var<storage, read_write> x: array<f32>;
        @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
          if (id.x < count) { x[id.x] = x[id.x] + y[id.x]; }
        }`,
      bindings: [y, x],
      writes: [1],
      uniforms: Uint32Array.of(sizeOf(x.shape)),
      workgroups: linearGrid(sizeOf(x.shape)),
    }),
};

/** x + y, by a kernel that adds y to x in place where the planner allows it. */
export function accumulateInPlace(x: Tensor, y: Tensor): Tensor {
  return record(accumulateOperation, [x, y], null)[0];
}

const sumAndDifferenceOperation: Operation<null> = {
  name: 'sumAndDifference',
  shape: ([x]) => [x, x],
  lower: (lowering, [x, y], [sum, difference]) =>
    lowering.dispatch({
      label: 'sumAndDifference',
      source: `
        @group(0) @binding(0) var<uniform> count: u32;
        @group(0) @binding(1) var<storage, read> x: array<f32>;
        @group(0) @binding(2) var<storage, read> y: array<f32>;
        @group(0) @binding(3) var<storage, read_write> total: array<f32>;
        @group(0) @binding(4) var<storage, read_write> difference: array<f32>;
        @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
          if (id.x >= count) { return; }
          total[id.x] = x[id.x] + y[id.x];
          difference[id.x] = x[id.x] - y[id.x];
        }`,
      bindings: [x, y, sum, difference],
      writes: [2, 3],
      uniforms: Uint32Array.of(sizeOf(x.shape)),
      workgroups: linearGrid(sizeOf(x.shape)),
    }),
};

/** x + y and x − y from one dispatch. */
export function sumAndDifference(x: Tensor, y: Tensor): Tensor[] {
  return record(sumAndDifferenceOperation, [x, y], null);
}
