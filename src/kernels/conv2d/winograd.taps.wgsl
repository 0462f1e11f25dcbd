// Products of transformed tiles, transformed back to taps:
// gw[o, i, j, k] (+)= sum over p, q of C[i, p] * C[j, q] * M[p, q, o, k]. Mathematics: winograd-weight-gradient.ts.
// One invocation per o and k. Grid: linear, folded.

const NEAR = sqrt(0.5); // the points are 0, NEAR, -NEAR, FAR, -FAR and infinity
const FAR = sqrt(2.0);

struct Shape {
  invocations: u32,
  channels: u32, // values of k
  accumulate: u32, // whether gw holds the sum over earlier tiles
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> products: array<f32>;
@group(0) @binding(2) var<storage, read_write> gw: array<f32>;

fn transform(m0: f32, m1: f32, m2: f32, m3: f32, m4: f32, m5: f32) -> array<f32, 3> {
  let evenNear = m1 + m2;
  let evenFar = m3 + m4;
  return array<f32, 3>(
    m0 + evenNear + evenFar, NEAR * (m1 - m2) + FAR * (m3 - m4), 0.5 * evenNear + 2.0 * evenFar + m5,
  );
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * (groups.x * 64u) + id.x;
  if (index >= shape.invocations) {
    return;
  }
  let o = index / shape.channels;
  let start = o * 8u * shape.channels + index; // (o * 9 + tap) * channels + k, at the first tap
  // In loops whose length the compiler does not know: see winograd.weight.wgsl.
  let once = min(1u, shape.channels);
  var columns: array<array<f32, 3>, 6>;
  for (var q = 0u; q < 6u * once; q++) {
    //#unroll p 6
    let m{{p}} = products[({{p*6}}u + q) * shape.invocations + index];
    //#end
    columns[q] = transform(m0, m1, m2, m3, m4, m5);
  }
  for (var i = 0u; i < 3u * once; i++) {
    let line = transform(columns[0][i], columns[1][i], columns[2][i], columns[3][i], columns[4][i], columns[5][i]);
    //#unroll j 3
    let at{{j}} = start + (i * 3u + {{j}}u) * shape.channels;
    gw[at{{j}}] = line[{{j}}] + select(0.0, gw[at{{j}}], shape.accumulate != 0u);
    //#end
  }
}
