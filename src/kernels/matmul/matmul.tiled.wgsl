// C[b] = op(A[b]) op(B[b]), op the identity or the transpose, with operands staged in workgroup memory.
//
// GEMM view: C [rows, columns], K = depth. Tile: EXTENT rows x EXTENT columns in steps of STEP along K, by tile.ts:
// while one step is multiplied, the next is on its way from memory to registers. What lies outside a matrix is staged
// as zero. Grid: x: column tiles, y: row tiles, z: batch.

//#uniforms
@group(0) @binding(1) var<storage, read> matrixA: array<{{TYPE_A}}>;
@group(0) @binding(2) var<storage, read> matrixB: array<{{TYPE_B}}>;
@group(0) @binding(3) var<storage, read> offsets: array<vec2u>; // where A[b] and B[b] begin
@group(0) @binding(4) var<storage, read_write> matrixC: array<{{TYPE_C}}>;

// Four values from `at` on, the first `left` of them inside the matrix, the others zero.
fn loadA(at: u32, left: u32) -> vec4f {
  if (left == 0u) {
    return vec4f();
  }
//#if VECTOR_A
  return vec4f(matrixA[at / 4u]);
//#else
  let last = left - 1u;
  let value = vec4f(vec4(matrixA[at], matrixA[at + min(1u, last)], matrixA[at + min(2u, last)], matrixA[at + min(3u, last)]));
  return select(vec4f(), value, vec4u(0u, 1u, 2u, 3u) < vec4u(left));
//#end if VECTOR_A
}

fn loadB(at: u32, left: u32) -> vec4f {
  if (left == 0u) {
    return vec4f();
  }
//#if VECTOR_B
  return vec4f(matrixB[at / 4u]);
//#else
  let last = left - 1u;
  let value = vec4f(vec4(matrixB[at], matrixB[at + min(1u, last)], matrixB[at + min(2u, last)], matrixB[at + min(3u, last)]));
  return select(vec4f(), value, vec4u(0u, 1u, 2u, 3u) < vec4u(left));
//#end if VECTOR_B
}

// How many of `extent` items remain from `index` on; none of a line that is itself outside.
fn remaining(index: u32, extent: u32, lineInside: bool) -> u32 {
  return select(0u, extent - min(index, extent), lineInside);
}

@compute @workgroup_size({{THREADS}})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) index: u32,
{{INPUTS}}
) {
  let firstRow = group.y * {{EXTENT}}u;
  let firstColumn = group.x * {{EXTENT}}u;
  let startA = offsets[group.z].x;
  let startB = offsets[group.z].y;
  // The first half of the invocations stages A, the second B, each in blocks of four lines (rows or columns) by four k:
  // where K is contiguous neighbours take one line's k, otherwise one k's lines.
  let stagesA = index < {{EXTENT}}u;
  let block = index % {{EXTENT}}u;
  let line = (block / 4u) * 4u;
  let quadK = (block % 4u) * 4u;
  let ownLine = (block % {{QUADS}}u) * 4u;
  let ownK = (block / {{QUADS}}u) * 4u;
  let place = Place(group.z, firstRow, firstColumn);

{{ACCUMULATORS}}
  // While one step is multiplied, the next is on its way.
  let rounds = (uniforms.depth + {{STEP}}u - 1u) / {{STEP}}u + 1u;
  for (var round = 0u; round < rounds; round++) {
    let k = round * {{STEP}}u;
    //#unroll s SWEEPS
    var next{{s}} = mat4x4f();
    //#end unroll s
    if (stagesA) {
      //#unroll s SWEEPS
      //#unroll r 4
      //#if TRANSPOSE_A
      let row{{s}}_{{r}} = firstRow + ownLine;
      let k{{s}}_{{r}} = k + ownK + {{s*16+r}}u;
      next{{s}}[{{r}}] = loadA(
        startA + k{{s}}_{{r}} * uniforms.rows + row{{s}}_{{r}},
        remaining(row{{s}}_{{r}}, uniforms.rows, k{{s}}_{{r}} < uniforms.depth),
      );
      //#else
      let row{{s}}_{{r}} = firstRow + line + {{r}}u;
      let k{{s}}_{{r}} = k + quadK + {{s*16}}u;
      next{{s}}[{{r}}] = loadA(
        startA + row{{s}}_{{r}} * uniforms.depth + k{{s}}_{{r}},
        remaining(k{{s}}_{{r}}, uniforms.depth, row{{s}}_{{r}} < uniforms.rows),
      );
      //#end if TRANSPOSE_A
      //#end unroll r
      //#end unroll s
    } else {
      //#unroll s SWEEPS
      //#unroll r 4
      //#if TRANSPOSE_B
      let column{{s}}_{{r}} = firstColumn + line + {{r}}u;
      let k{{s}}_{{r}} = k + quadK + {{s*16}}u;
      next{{s}}[{{r}}] = loadB(
        startB + column{{s}}_{{r}} * uniforms.depth + k{{s}}_{{r}},
        remaining(k{{s}}_{{r}}, uniforms.depth, column{{s}}_{{r}} < uniforms.columns),
      );
      //#else
      let column{{s}}_{{r}} = firstColumn + ownLine;
      let k{{s}}_{{r}} = k + ownK + {{s*16+r}}u;
      next{{s}}[{{r}}] = loadB(
        startB + k{{s}}_{{r}} * uniforms.columns + column{{s}}_{{r}},
        remaining(column{{s}}_{{r}}, uniforms.columns, k{{s}}_{{r}} < uniforms.depth),
      );
      //#end if TRANSPOSE_B
      //#end unroll r
      //#end unroll s
    }
    if (round > 0u) {
{{MULTIPLY}}
    }
    workgroupBarrier();
    //#unroll s SWEEPS
    if (stagesA) {
      //#if TRANSPOSE_A
      stageDepths(0u, ownLine, ownK + {{s*16}}u, next{{s}});
      //#else
      stageLines(0u, line, quadK + {{s*16}}u, next{{s}});
      //#end if TRANSPOSE_A
    } else {
      //#if TRANSPOSE_B
      stageLines({{COLUMNS_AT}}u, line, quadK + {{s*16}}u, next{{s}});
      //#else
      stageDepths({{COLUMNS_AT}}u, ownLine, ownK + {{s*16}}u, next{{s}});
      //#end if TRANSPOSE_B
    }
    //#end unroll s
    workgroupBarrier();
  }

{{EMIT}}
}

// Where a tile lies.
struct Place {
  batch: u32,
  firstRow: u32,
  firstColumn: u32,
}

fn emit(place: Place, ownRow: u32, ownColumn: u32, value: vec4f) {
  let row = place.firstRow + ownRow;
  let column = place.firstColumn + ownColumn;
  if (row >= uniforms.rows || column >= uniforms.columns) {
    return;
  }
  let at = (place.batch * uniforms.rows + row) * uniforms.columns + column;
//#if VECTOR_C
  matrixC[at / 4u] = {{TYPE_C}}(value);
//#else
  for (var e = 0u; e < min(4u, uniforms.columns - column); e++) {
    matrixC[at + e] = {{TYPE_C}}(value[e]);
  }
//#end if VECTOR_C
}
