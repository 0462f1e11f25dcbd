// Tiles of the output's gradient, transformed: U[p, q, tile, o] = sum over a, b of H[p, a] * H[q, b] * gy[n, 4 th + a, 4 tw + b, o].
// Mathematics: winograd-weight-gradient.ts. Tiles are the (n, th, tw) in order; what lies outside the output is zero.
// One invocation per tile and channel. Grid: linear, folded.

const NEAR = sqrt(0.5); // the points are 0, NEAR, -NEAR, FAR, -FAR and infinity
const FAR = sqrt(2.0);

struct Shape {
  invocations: u32,
  channels: u32, // of gy
  firstTile: u32, tiles: u32, tileRows: u32, tileCols: u32, // this dispatch transforms some of all tiles
  height: u32, width: u32, // extents of gy
}

@group(0) @binding(0) var<uniform> shape: Shape;
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
  if (index >= shape.invocations) {
    return;
  }
  let local = index / shape.channels;
  let o = index - local * shape.channels;
  // Tiles beyond the last are zero: the products are summed over all of them.
  let tile = shape.firstTile + local;
  let line = tile / shape.tileCols;
  let image = line / shape.tileRows;
  let top = (line - image * shape.tileRows) * 4u;
  let left = (tile - line * shape.tileCols) * 4u;
  //#unroll a 4
  let insideRow{{a}} = tile < shape.tiles && top + {{a}}u < shape.height;
  let row{{a}} = select(0u, (image * shape.height + top + {{a}}u) * shape.width, insideRow{{a}});
  //#end
  //#unroll b 4
  let insideCol{{b}} = left + {{b}}u < shape.width;
  let col{{b}} = select(0u, left + {{b}}u, insideCol{{b}});
  //#unroll a 4
  let g{{a}}_{{b}} = select(0.0, gy[(row{{a}} + col{{b}}) * shape.channels + o], insideRow{{a}} && insideCol{{b}});
  //#end
  let column{{b}} = transform(g0_{{b}}, g1_{{b}}, g2_{{b}}, g3_{{b}});
  //#end
  //#unroll p 6
  let line{{p}} = transform(column0[{{p}}], column1[{{p}}], column2[{{p}}], column3[{{p}}]);
  //#unroll q 6
  transformed[{{p*6+q}}u * shape.invocations + index] = line{{p}}[{{q}}];
  //#end
  //#end
}
