// C[b] = op(A[b]) op(B[b]), op the identity or the transpose, with operands staged in workgroup memory.
//
// GEMM view: C [rows, columns], K = depth. Tile: 128 invocations make 64 rows x 64 columns, 8 x 4 each, in steps of 16
// along K. Both operands are staged with K outermost, so that the inner loop reads three vec4 for 32 multiply-adds. What
// lies outside a matrix is staged as zero. Grid: x: column tiles, y: row tiles, z: batch.

struct Shape {
  rows: u32,
  columns: u32,
  depth: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> matrixA: array<{{TYPE_A}}>;
@group(0) @binding(2) var<storage, read> matrixB: array<{{TYPE_B}}>;
@group(0) @binding(3) var<storage, read> offsets: array<vec2u>; // where A[b] and B[b] begin
@group(0) @binding(4) var<storage, read_write> matrixC: array<{{TYPE_C}}>;

var<workgroup> tileA: array<array<vec4f, 17>, 16>; // [k][row / 4], padded against bank conflicts
var<workgroup> tileB: array<array<vec4f, 17>, 16>; // [k][column / 4]

// Four values from `at` on, the first `left` of them inside the matrix, the others zero.
fn loadA(at: u32, left: u32) -> vec4f {
  if (left == 0u) {
    return vec4f();
  }
//#if VECTOR_A
  return matrixA[at / 4u];
//#else
  let value = vec4f(matrixA[at], matrixA[at + min(1u, left - 1u)], matrixA[at + min(2u, left - 1u)], matrixA[at + min(3u, left - 1u)]);
  return select(vec4f(), value, vec4u(0u, 1u, 2u, 3u) < vec4u(left));
//#end
}

fn loadB(at: u32, left: u32) -> vec4f {
  if (left == 0u) {
    return vec4f();
  }
//#if VECTOR_B
  return matrixB[at / 4u];
//#else
  let value = vec4f(matrixB[at], matrixB[at + min(1u, left - 1u)], matrixB[at + min(2u, left - 1u)], matrixB[at + min(3u, left - 1u)]);
  return select(vec4f(), value, vec4u(0u, 1u, 2u, 3u) < vec4u(left));
//#end
}

// How many of `extent` items remain from `index` on; none of a line that is itself outside.
fn remaining(index: u32, extent: u32, lineInside: bool) -> u32 {
  return select(0u, extent - min(index, extent), lineInside);
}

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  let firstRow = group.y * 64u;
  let firstColumn = group.x * 64u;
  let startA = offsets[group.z].x;
  let startB = offsets[group.z].y;
  // Who stages what: along K, four k of two lines; along the other axis, four lines of two k.
  let line = index / 4u;
  let quadK = (index % 4u) * 4u;
  let half = index / 16u;
  let quad = index % 16u;

  //#unroll e 4
  var low{{e}} = vec4f();
  var high{{e}} = vec4f();
  //#end
  for (var k = 0u; k < shape.depth; k += 16u) {
    //#unroll h 2
    //#if TRANSPOSE_A
    let ka{{h}} = k + half + {{h}}u * 8u;
    let rowA{{h}} = firstRow + quad * 4u;
    tileA[half + {{h}}u * 8u][quad] =
      loadA(startA + ka{{h}} * shape.rows + rowA{{h}}, remaining(rowA{{h}}, shape.rows, ka{{h}} < shape.depth));
    //#else
    let rowA{{h}} = firstRow + line + {{h}}u * 32u;
    let a{{h}} = loadA(
      startA + rowA{{h}} * shape.depth + k + quadK,
      remaining(k + quadK, shape.depth, rowA{{h}} < shape.rows),
    );
    for (var e = 0u; e < 4u; e++) {
      tileA[quadK + e][line / 4u + {{h}}u * 8u][line % 4u] = a{{h}}[e];
    }
    //#end
    //#if TRANSPOSE_B
    let columnB{{h}} = firstColumn + line + {{h}}u * 32u;
    let b{{h}} = loadB(
      startB + columnB{{h}} * shape.depth + k + quadK,
      remaining(k + quadK, shape.depth, columnB{{h}} < shape.columns),
    );
    for (var e = 0u; e < 4u; e++) {
      tileB[quadK + e][line / 4u + {{h}}u * 8u][line % 4u] = b{{h}}[e];
    }
    //#else
    let kb{{h}} = k + half + {{h}}u * 8u;
    let columnB{{h}} = firstColumn + quad * 4u;
    tileB[half + {{h}}u * 8u][quad] =
      loadB(startB + kb{{h}} * shape.columns + columnB{{h}}, remaining(columnB{{h}}, shape.columns, kb{{h}} < shape.depth));
    //#end
    //#end
    workgroupBarrier();
    for (var step = 0u; step < 16u; step++) {
      let rowsLow = tileA[step][half];
      let rowsHigh = tileA[step][half + 8u];
      let columns = tileB[step][quad];
      //#unroll e 4
      low{{e}} += rowsLow[{{e}}] * columns;
      high{{e}} += rowsHigh[{{e}}] * columns;
      //#end
    }
    workgroupBarrier();
  }

  let column = firstColumn + quad * 4u;
  //#unroll e 4
  store(group.z, firstRow + half * 4u + {{e}}u, column, low{{e}});
  store(group.z, firstRow + half * 4u + {{e}}u + 32u, column, high{{e}});
  //#end
}

fn store(batch: u32, row: u32, column: u32, value: vec4f) {
  if (row >= shape.rows || column >= shape.columns) {
    return;
  }
  let at = (batch * shape.rows + row) * shape.columns + column;
//#if VECTOR_C
  matrixC[at / 4u] = value;
//#else
  for (var e = 0u; e < min(4u, shape.columns - column); e++) {
    matrixC[at + e] = value[e];
  }
//#end
}
