// Tiles of the output's gradient, transformed: U[p, q, tile, o] = sum over a, b of H[p, a] * H[q, b] * gy[n, 4 th + a,
// 4 tw + b, o]. Mathematics: winograd-weight-gradient.ts. Tiles are the (n, th, tw) in order; what lies outside the
// output is zero. One invocation per tile and channel. Grid: linear, folded.

const NEAR = sqrt(0.5); // the points are 0, NEAR, -NEAR, FAR, -FAR and infinity
const FAR = sqrt(2.0);

//#uniforms
@group(0) @binding(1) var<storage, read> gy: array<f32>;
@group(0) @binding(2) var<storage, read_write> transformed: array<f32>;

fn transform(g0: f32, g1: f32, g2: f32, g3: f32) -> array<f32, 6> {
  let evenNear = (2.0 * g0 + g2) * (-1.0 / 3.0);
  let oddNear = (-NEAR / 3.0) * (2.0 * g1 + g3);
  let evenFar = (g0 + 2.0 * g2) * (1.0 / 6.0);
  let oddFar = (FAR / 6.0) * (g1 + 2.0 * g3);
  return array<f32, 6>(g0, evenNear + oddNear, evenNear - oddNear, evenFar + oddFar, evenFar - oddFar, g3);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * (groups.x * 64u) + id.x;
  if (index >= uniforms.invocations) {
    return;
  }
  let local = index / uniforms.channels;
  let o = index - local * uniforms.channels;
  // Tiles beyond the last are zero: the products are summed over all of them.
  let tile = uniforms.firstTile + local;
  let line = tile / uniforms.tileCols;
  let image = line / uniforms.tileRows;
  let top = (line - image * uniforms.tileRows) * 4u;
  let left = (tile - line * uniforms.tileCols) * 4u;
  //#unroll a 4
  let insideRow{{a}} = tile < uniforms.tiles && top + {{a}}u < uniforms.height;
  let row{{a}} = select(0u, (image * uniforms.height + top + {{a}}u) * uniforms.width, insideRow{{a}});
  //#end unroll a
  //#unroll b 4
  let insideCol{{b}} = left + {{b}}u < uniforms.width;
  let col{{b}} = select(0u, left + {{b}}u, insideCol{{b}});
  //#unroll a 4
  let g{{a}}_{{b}} = select(0.0, gy[(row{{a}} + col{{b}}) * uniforms.channels + o], insideRow{{a}} && insideCol{{b}});
  //#end unroll a
  let column{{b}} = transform(g0_{{b}}, g1_{{b}}, g2_{{b}}, g3_{{b}});
  //#end unroll b
  //#unroll p 6
  let line{{p}} = transform(column0[{{p}}], column1[{{p}}], column2[{{p}}], column3[{{p}}]);
  //#unroll q 6
  transformed[{{p*6+q}}u * uniforms.invocations + index] = line{{p}}[{{q}}];
  //#end unroll q
  //#end unroll p
}
