// Products of transformed tiles and kernels, transformed back: y[n, 4 th + a, 4 tw + b, c] = bias[c] + sum over p, q of
// C[a, p] * C[b, q] * M[p, q, tile, c]. Mathematics: winograd.ts. One invocation per tile and channel; rows and columns
// beyond the image are not stored. Grid: linear, folded.

const NEAR = sqrt(0.5); // the points are 0, NEAR, -NEAR, FAR, -FAR and infinity
const FAR = sqrt(2.0);

//#uniforms
@group(0) @binding(1) var<storage, read> products: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>; // anything where hasBias is 0
@group(0) @binding(4) var<storage, read> x: array<f32>;
@group(0) @binding(5) var<storage, read> weight: array<f32>;

// One value of y the direct way, with padding as zeros that are multiplied.
fn direct(image: u32, row: u32, column: u32, c: u32) -> f32 {
  var sum = 0.0;
  for (var tap = 0u; tap < 9u; tap++) {
    let ih = i32(row + tap / 3u) + uniforms.startH;
    let iw = i32(column + tap % 3u) + uniforms.startW;
    let inside = u32(ih) < uniforms.inHeight && u32(iw) < uniforms.inWidth;
    let pixel = select(0u, (image * uniforms.inHeight + u32(ih)) * uniforms.inWidth + u32(iw), inside);
    for (var k = 0u; k < uniforms.depth; k++) {
      let produced = (c * 9u + tap) * uniforms.depth + k;
      let summed = (k * 9u + 8u - tap) * uniforms.channels + c;
      let at = select(produced, summed, uniforms.summedFirst != 0u);
      sum += select(0.0, x[pixel * uniforms.depth + k], inside) * weight[at];
    }
  }
  return sum;
}

fn transform(m0: f32, m1: f32, m2: f32, m3: f32, m4: f32, m5: f32) -> array<f32, 4> {
  let evenNear = m1 + m2;
  let oddNear = NEAR * (m1 - m2);
  let evenFar = m3 + m4;
  let oddFar = FAR * (m3 - m4);
  return array<f32, 4>(
    m0 + evenNear + evenFar, oddNear + oddFar, 0.5 * evenNear + 2.0 * evenFar, 0.5 * oddNear + 2.0 * oddFar + m5,
  );
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * (groups.x * 64u) + id.x;
  if (index >= uniforms.invocations) {
    return;
  }
  let local = index / uniforms.channels;
  let c = index - local * uniforms.channels;
  let tile = uniforms.firstTile + local;
  if (tile >= uniforms.tiles) {
    return;
  }
  let line = tile / uniforms.tileCols;
  let image = line / uniforms.tileRows;
  let top = (line - image * uniforms.tileRows) * 4u;
  let left = (tile - line * uniforms.tileCols) * 4u;
  //#unroll q 6
  //#unroll p 6
  let m{{p}}_{{q}} = products[{{p*6+q}}u * uniforms.invocations + index];
  //#end unroll p
  let column{{q}} = transform(m0_{{q}}, m1_{{q}}, m2_{{q}}, m3_{{q}}, m4_{{q}}, m5_{{q}});
  //#end unroll q
  let offset = select(0.0, bias[c], uniforms.hasBias != 0u);
  // Stored in loops: unrolled, the stores would take most of the compile time.
  var lines: array<array<f32, 4>, 4>;
  //#unroll a 4
  lines[{{a}}] = transform(column0[{{a}}], column1[{{a}}], column2[{{a}}], column3[{{a}}], column4[{{a}}], column5[{{a}}]);
  //#end unroll a
  let rows = min(4u, uniforms.height - top);
  let columns = min(4u, uniforms.width - left);
  // A product that is not finite reaches a corner.
  if (!isFinite(lines[0][0] + lines[0][3] + lines[3][0] + lines[3][3])) {
    for (var at = 0u; at < rows * columns; at++) {
      let row = top + at / columns;
      let column = left + at % columns;
      let pixel = (image * uniforms.height + row) * uniforms.width + column;
      y[pixel * uniforms.channels + c] = direct(image, row, column, c) + offset;
    }
    return;
  }
  for (var a = 0u; a < rows; a++) {
    let row = ((image * uniforms.height + top + a) * uniforms.width + left) * uniforms.channels + c;
    for (var b = 0u; b < columns; b++) {
      y[row + b * uniforms.channels] = lines[a][b] + offset;
    }
  }
}
