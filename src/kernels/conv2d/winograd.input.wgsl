// Tiles of the image, transformed: V[p, q, tile, k] = sum over r, s of B[p, r] * B[q, s] * x[n, top + r, left + s, k].
// Mathematics: winograd.ts. Tiles are the (n, th, tw) in order; what lies outside the image is zero.
// One invocation per tile and channel. Grid: linear, folded.

const NEAR = sqrt(0.5); // the points are 0, NEAR, -NEAR, FAR, -FAR and infinity
const FAR = sqrt(2.0);

//#uniforms
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> transformed: array<f32>;

fn transform(d0: f32, d1: f32, d2: f32, d3: f32, d4: f32, d5: f32) -> array<f32, 6> {
  let evenNear = d4 - 2.0 * d2;
  let oddNear = NEAR * (d3 - 2.0 * d1);
  let evenFar = d4 - 0.5 * d2;
  let oddFar = FAR * (d3 - 0.5 * d1);
  return array<f32, 6>(
    d0 + (d4 - 2.5 * d2), evenNear + oddNear, evenNear - oddNear, evenFar + oddFar, evenFar - oddFar, d1 + (d5 - 2.5 * d3),
  );
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * (groups.x * 64u) + id.x;
  if (index >= uniforms.invocations) {
    return;
  }
  let local = index / uniforms.channels;
  let k = index - local * uniforms.channels;
  // Tiles beyond the last repeat it: what comes of them is not stored.
  let tile = min(uniforms.firstTile + local, uniforms.tiles - 1u);
  let line = tile / uniforms.tileCols;
  let image = line / uniforms.tileRows;
  let top = i32((line - image * uniforms.tileRows) * 4u) + uniforms.startH;
  let left = i32((tile - line * uniforms.tileCols) * 4u) + uniforms.startW;
  //#unroll r 6
  let insideRow{{r}} = u32(top + {{r}}) < uniforms.height;
  let row{{r}} = (image * uniforms.height + select(0u, u32(top + {{r}}), insideRow{{r}})) * uniforms.width;
  //#end unroll r
  //#unroll s 6
  let insideCol{{s}} = u32(left + {{s}}) < uniforms.width;
  let col{{s}} = select(0u, u32(left + {{s}}), insideCol{{s}});
  //#unroll r 6
  let d{{r}}_{{s}} = select(0.0, x[(row{{r}} + col{{s}}) * uniforms.channels + k], insideRow{{r}} && insideCol{{s}});
  //#end unroll r
  let column{{s}} = transform(d0_{{s}}, d1_{{s}}, d2_{{s}}, d3_{{s}}, d4_{{s}}, d5_{{s}});
  //#end unroll s
  //#unroll p 6
  let line{{p}} = transform(column0[{{p}}], column1[{{p}}], column2[{{p}}], column3[{{p}}], column4[{{p}}], column5[{{p}}]);
  //#unroll q 6
  transformed[{{p*6+q}}u * uniforms.invocations + index] = line{{p}}[{{q}}];
  //#end unroll q
  //#end unroll p
}
