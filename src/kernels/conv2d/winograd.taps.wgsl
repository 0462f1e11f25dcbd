// Products of transformed tiles, transformed back to taps:
// gw[o, i, j, k] (+)= sum over p, q of C[i, p] * C[j, q] * M[p, q, o, k]. Mathematics: winograd-weight-gradient.ts.
// One invocation per o and k. Grid: linear, folded.

const NEAR = sqrt(0.5); // the points are 0, NEAR, -NEAR, FAR, -FAR and infinity
const FAR = sqrt(2.0);

//#uniforms
@group(0) @binding(1) var<storage, read> products: array<f32>;
@group(0) @binding(2) var<storage, read_write> gw: array<f32>;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read> gy: array<f32>;

// One value of gw the direct way, with padding as zeros that are multiplied.
fn direct(o: u32, tap: u32, k: u32) -> f32 {
  var sum = 0.0;
  for (var line = 0u; line < uniforms.images * uniforms.height; line++) {
    let image = line / uniforms.height;
    let ih = i32(line - image * uniforms.height + tap / 3u) + uniforms.startH;
    for (var ow = 0u; ow < uniforms.width; ow++) {
      let iw = i32(ow + tap % 3u) + uniforms.startW;
      let inside = u32(ih) < uniforms.inHeight && u32(iw) < uniforms.inWidth;
      let pixel = select(0u, (image * uniforms.inHeight + u32(ih)) * uniforms.inWidth + u32(iw), inside);
      sum += select(0.0, x[pixel * uniforms.channels + k], inside) * gy[(line * uniforms.width + ow) * uniforms.outputs + o];
    }
  }
  return sum;
}

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
  if (index >= uniforms.invocations) {
    return;
  }
  let o = index / uniforms.channels;
  let start = o * 8u * uniforms.channels + index; // (o * 9 + tap) * channels + k, at the first tap
  // In loops whose length the compiler does not know: see winograd.weight.wgsl.
  let once = min(1u, uniforms.channels);
  var columns: array<array<f32, 3>, 6>;
  for (var q = 0u; q < 6u * once; q++) {
    //#unroll p 6
    let m{{p}} = products[({{p*6}}u + q) * uniforms.invocations + index];
    //#end unroll p
    columns[q] = transform(m0, m1, m2, m3, m4, m5);
  }
  var corners = 0.0;
  for (var i = 0u; i < 3u * once; i++) {
    let line = transform(columns[0][i], columns[1][i], columns[2][i], columns[3][i], columns[4][i], columns[5][i]);
    //#unroll j 3
    let at{{j}} = start + (i * 3u + {{j}}u) * uniforms.channels;
    let total{{j}} = line[{{j}}] + select(0.0, gw[at{{j}}], uniforms.accumulate != 0u);
    gw[at{{j}}] = total{{j}};
    //#end unroll j
    corners += total0 + total2;
  }
  // A product that is not finite reaches a corner.
  if (uniforms.last != 0u && !isFinite(corners)) {
    for (var tap = 0u; tap < 9u; tap++) {
      gw[start + tap * uniforms.channels] = direct(o, tap, index - o * uniforms.channels);
    }
  }
}
