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
  let last = left - 1u;
  let value = vec4f(matrixA[at], matrixA[at + min(1u, last)], matrixA[at + min(2u, last)], matrixA[at + min(3u, last)]);
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
  let last = left - 1u;
  let value = vec4f(matrixB[at], matrixB[at + min(1u, last)], matrixB[at + min(2u, last)], matrixB[at + min(3u, last)]);
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
  // The first half of the invocations stages A, the second B, each in blocks of four lines (rows or columns) by four k. Where K
  // is contiguous they are loaded along k and written across the lines: a vec4 in workgroup memory must have one writer.
  let stagesA = index < 64u;
  let block = index % 64u;
  let line = (block / 4u) * 4u;
  let quadK = (block % 4u) * 4u;
  // What this invocation computes: rows half * 4 and 32 more, columns quad * 4.
  let half = index / 16u;
  let quad = index % 16u;

  //#unroll e 4
  var low{{e}} = vec4f();
  var high{{e}} = vec4f();
  //#end
  for (var k = 0u; k < shape.depth; k += 16u) {
    if (stagesA) {
      //#if TRANSPOSE_A
      let row = firstRow + quad * 4u;
      //#unroll r 4
      let k{{r}} = k + block / 16u + {{r*4}}u;
      let a{{r}} = loadA(startA + k{{r}} * shape.rows + row, remaining(row, shape.rows, k{{r}} < shape.depth));
      tileA[block / 16u + {{r*4}}u][quad] = a{{r}};
      //#end
      //#else
      //#unroll r 4
      let row{{r}} = firstRow + line + {{r}}u;
      let left{{r}} = remaining(k + quadK, shape.depth, row{{r}} < shape.rows);
      let a{{r}} = loadA(startA + row{{r}} * shape.depth + k + quadK, left{{r}});
      //#end
      //#unroll e 4
      tileA[quadK + {{e}}u][line / 4u] = vec4f(a0[{{e}}], a1[{{e}}], a2[{{e}}], a3[{{e}}]);
      //#end
      //#end
    } else {
      //#if TRANSPOSE_B
      //#unroll r 4
      let column{{r}} = firstColumn + line + {{r}}u;
      let left{{r}} = remaining(k + quadK, shape.depth, column{{r}} < shape.columns);
      let b{{r}} = loadB(startB + column{{r}} * shape.depth + k + quadK, left{{r}});
      //#end
      //#unroll e 4
      tileB[quadK + {{e}}u][line / 4u] = vec4f(b0[{{e}}], b1[{{e}}], b2[{{e}}], b3[{{e}}]);
      //#end
      //#else
      let column = firstColumn + quad * 4u;
      //#unroll r 4
      let k{{r}} = k + block / 16u + {{r*4}}u;
      let b{{r}} = loadB(startB + k{{r}} * shape.columns + column, remaining(column, shape.columns, k{{r}} < shape.depth));
      tileB[block / 16u + {{r*4}}u][quad] = b{{r}};
      //#end
      //#end
    }
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
