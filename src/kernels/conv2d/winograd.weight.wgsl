// Kernels, transformed: U[p, q, o, k] = sum over i, j of G[p, i] * G[q, j] * weight[o, i, j, k]. Mathematics: winograd.ts.
// One invocation per o and WIDTH values of k. Grid: linear, folded.

alias Vector = {{VECTOR}}; // WIDTH channels: two, or one where their number is odd
const NEAR = sqrt(0.5); // the points are 0, NEAR, -NEAR, FAR, -FAR and infinity
const FAR = sqrt(2.0);

struct Shape {
  invocations: u32,
  vectors: u32, // values of k, counted in vectors
  flipped: u32, // whether taps are read from the last to the first
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> weight: array<Vector>;
@group(0) @binding(2) var<storage, read_write> transformed: array<Vector>;

fn transform(g0: Vector, g1: Vector, g2: Vector) -> array<Vector, 6> {
  let evenNear = (2.0 * g0 + g2) * (-1.0 / 3.0);
  let oddNear = (-2.0 * NEAR / 3.0) * g1;
  let evenFar = (g0 + 2.0 * g2) * (1.0 / 6.0);
  let oddFar = (FAR / 6.0) * g1;
  return array<Vector, 6>(g0, evenNear + oddNear, evenNear - oddNear, evenFar + oddFar, evenFar - oddFar, g2);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * (groups.x * 64u) + id.x;
  if (index >= shape.invocations) {
    return;
  }
  let o = index / shape.vectors;
  let k = index - o * shape.vectors;
  //#unroll j 3
  //#unroll i 3
  let tap{{i}}_{{j}} = select({{i*3+j}}u, 8u - {{i*3+j}}u, shape.flipped != 0u);
  let g{{i}}_{{j}} = weight[(o * 9u + tap{{i}}_{{j}}) * shape.vectors + k];
  //#end
  let column{{j}} = transform(g0_{{j}}, g1_{{j}}, g2_{{j}});
  //#end
  //#unroll p 6
  let line{{p}} = transform(column0[{{p}}], column1[{{p}}], column2[{{p}}]);
  //#unroll q 6
  transformed[{{p*6+q}}u * shape.invocations + index] = line{{p}}[{{q}}];
  //#end
  //#end
}
