// Kernels, transformed: U[p, q, o, k] = sum over i, j of G[p, i] * G[q, j] * weight[o, i, j, k]. Mathematics:
// winograd.ts. One invocation per o and k. Grid: linear, folded.

const NEAR = sqrt(0.5); // the points are 0, NEAR, -NEAR, FAR, -FAR and infinity
const FAR = sqrt(2.0);

//#uniforms
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> transformed: array<f32>;

fn transform(g0: f32, g1: f32, g2: f32) -> array<f32, 6> {
  let evenNear = (2.0 * g0 + g2) * (-1.0 / 3.0);
  let oddNear = (-2.0 * NEAR / 3.0) * g1;
  let evenFar = (g0 + 2.0 * g2) * (1.0 / 6.0);
  let oddFar = (FAR / 6.0) * g1;
  return array<f32, 6>(g0, evenNear + oddNear, evenNear - oddNear, evenFar + oddFar, evenFar - oddFar, g2);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * (groups.x * 64u) + id.x;
  if (index >= uniforms.invocations) {
    return;
  }
  let o = index / uniforms.channels;
  let k = index - o * uniforms.channels;
  // In loops whose length the compiler does not know: unrolled, this would take a second to compile and be no faster,
  // since memory sets the pace.
  let once = min(1u, uniforms.channels);
  var columns: array<array<f32, 6>, 3>;
  for (var j = 0u; j < 3u * once; j++) {
    //#unroll i 3
    let tap{{i}} = select({{i*3}}u + j, 8u - {{i*3}}u - j, uniforms.flipped != 0u);
    let g{{i}} = weight[(o * 9u + tap{{i}}) * uniforms.channels + k];
    //#end unroll i
    columns[j] = transform(g0, g1, g2);
  }
  for (var p = 0u; p < 6u * once; p++) {
    let line = transform(columns[0][p], columns[1][p], columns[2][p]);
    //#unroll q 6
    transformed[(p * 6u + {{q}}u) * uniforms.invocations + index] = line[{{q}}];
    //#end unroll q
  }
}
