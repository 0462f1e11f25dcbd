// Products of transformed tiles, transformed back to taps:
// gw[o, i, j, k] (+)= sum over p, q of C[i, p] * C[j, q] * M[p, q, o, k]. Mathematics: winograd-weight-gradient.ts.
// One invocation per o and WIDTH values of k. Grid: linear, folded.

alias Vector = {{VECTOR}}; // WIDTH channels: two, or one where their number is odd
const NEAR = sqrt(0.5); // the points are 0, NEAR, -NEAR, FAR, -FAR and infinity
const FAR = sqrt(2.0);

struct Shape {
  invocations: u32,
  vectors: u32, // values of k, counted in vectors
  accumulate: u32, // whether gw holds the sum over earlier tiles
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> products: array<Vector>;
@group(0) @binding(2) var<storage, read_write> gw: array<Vector>;

fn transform(m0: Vector, m1: Vector, m2: Vector, m3: Vector, m4: Vector, m5: Vector) -> array<Vector, 3> {
  let evenNear = m1 + m2;
  let evenFar = m3 + m4;
  return array<Vector, 3>(
    m0 + evenNear + evenFar, NEAR * (m1 - m2) + FAR * (m3 - m4), 0.5 * evenNear + 2.0 * evenFar + m5,
  );
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * (groups.x * 64u) + id.x;
  if (index >= shape.invocations) {
    return;
  }
  let o = index / shape.vectors;
  let start = o * 8u * shape.vectors + index; // (o * 9 + tap) * vectors + k, at the first tap
  //#unroll q 6
  //#unroll p 6
  let m{{p}}_{{q}} = products[{{p*6+q}}u * shape.invocations + index];
  //#end
  let column{{q}} = transform(m0_{{q}}, m1_{{q}}, m2_{{q}}, m3_{{q}}, m4_{{q}}, m5_{{q}});
  //#end
  //#unroll i 3
  let line{{i}} = transform(column0[{{i}}], column1[{{i}}], column2[{{i}}], column3[{{i}}], column4[{{i}}], column5[{{i}}]);
  //#unroll j 3
  let at{{i}}_{{j}} = start + {{i*3+j}}u * shape.vectors;
  gw[at{{i}}_{{j}}] = line{{i}}[{{j}}] + select(Vector(), gw[at{{i}}_{{j}}], shape.accumulate != 0u);
  //#end
  //#end
}
