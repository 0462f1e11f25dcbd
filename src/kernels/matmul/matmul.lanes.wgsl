// C[b] = op(A[b]) op(B[b]), op the identity or the transpose, on registers and subgroup broadcasts.
//
// GEMM view: C [rows, columns], K = depth. Tile: one subgroup of LANES invocations makes ROWS = SETS*LANES rows x
// LANES*WIDTH columns; every lane owns WIDTH neighbouring columns. Per four steps of K a lane loads sixteen values of
// A, along whichever of its axes is contiguous, and the rows are handed round by broadcasts (why:
// conv2d/implicit-gemm.lanes.wgsl). Grid: x: column tiles, y: row tiles, z: batch.

//#uniforms
@group(0) @binding(1) var<storage, read> matrixA: array<{{TYPE_A}}>;
@group(0) @binding(2) var<storage, read> matrixB: array<{{TYPE_B}}>;
@group(0) @binding(3) var<storage, read> offsets: array<vec2u>; // where A[b] and B[b] begin
@group(0) @binding(4) var<storage, read_write> matrixC: array<{{ACC}}>;

// The four values of A from `at` on, those at and beyond `left` replaced by zero.
fn loadA(at: u32, left: u32) -> vec4f {
//#if VECTOR_A
  return matrixA[at / 4u];
//#else
  let last = left - 1u;
  let value = vec4f(matrixA[at], matrixA[at + min(1u, last)], matrixA[at + min(2u, last)], matrixA[at + min(3u, last)]);
  return select(vec4f(), value, vec4u(0u, 1u, 2u, 3u) < vec4u(left));
//#end if VECTOR_A
}

@compute @workgroup_size({{LANES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.x;
  let firstRow = group.y * {{ROWS}}u;
  let column = (group.x * {{LANES}}u + lane) * {{WIDTH}}u;
  let startA = offsets[group.z].x;
  let startB = offsets[group.z].y;
  // Rows and columns beyond the last repeat it and are not stored.
  //#unroll v WIDTH
  let column{{v}} = min(column + {{v}}u, uniforms.columns - 1u);
  //#end unroll v
  //#if TRANSPOSE_A
  let row = min(firstRow + lane * 4u, uniforms.rows - {{LAST_QUAD}}u);
  let rowsLeft = uniforms.rows - row;
  //#else
  //#unroll s SETS
  let a{{s}}Start = startA + min(firstRow + {{s}}u * {{LANES}}u + lane, uniforms.rows - 1u) * uniforms.depth;
  //#end unroll s
  //#end if TRANSPOSE_A

  //#unroll r ROWS
  var sum{{r}} = {{ACC}}();
  //#end unroll r

  for (var k = 0u; k < uniforms.depth; k += 4u) {
    let left = uniforms.depth - k;
    //#unroll e 4
    let k{{e}} = min(k + {{e}}u, uniforms.depth - 1u);
    //#end unroll e
    //#if TRANSPOSE_A
    // a0 .. a3: four rows of this lane at k .. k+3; beyond the depth zero.
    //#unroll e 4
    let a{{e}} = select(vec4f(), loadA(startA + k{{e}} * uniforms.rows + row, rowsLeft), {{e}}u < left);
    //#end unroll e
    //#else
    // a0, a1 ..: k .. k+3 of one row of each set.
    //#unroll s SETS
    let a{{s}} = loadA(a{{s}}Start + k, left);
    //#end unroll s
    //#end if TRANSPOSE_A
    //#if TRANSPOSE_B
    //#unroll v WIDTH
    let p{{v}} = startB + column{{v}} * uniforms.depth;
    //#if VECTOR_B
    let w{{v}} = matrixB[(p{{v}} + k) / 4u];
    //#else
    let w{{v}} = vec4f(matrixB[p{{v}} + k0], matrixB[p{{v}} + k1], matrixB[p{{v}} + k2], matrixB[p{{v}} + k3]);
    //#end if VECTOR_B
    //#end unroll v
    //#unroll e 4
    let q{{e}} = {{ACC}}({{COLUMN_{{e}}}});
    //#end unroll e
    //#else
    //#unroll e 4
    let p{{e}} = startB + k{{e}} * uniforms.columns;
    let q{{e}} = matrixB[(p{{e}} + column0) / {{WIDTH}}u];
    //#end unroll e
    //#end if TRANSPOSE_B
    // Beyond the depth both operands are zero: one alone leaves a NaN of the other.
    //#unroll e 4
    //#if RAGGED
    let b{{e}} = select({{ACC}}(), q{{e}}, {{e}}u < left);
    //#else
    let b{{e}} = q{{e}};
    //#end if RAGGED
    //#end unroll e
    //#unroll e 4
    //#unroll s SETS
    //#unroll l LANES
    //#if TRANSPOSE_A
    sum{{l*4+s}} += subgroupBroadcast(a{{e}}[{{s}}], {{l}}u) * b{{e}};
    //#else
    sum{{s*LANES+l}} += subgroupBroadcast(a{{s}}[{{e}}], {{l}}u) * b{{e}};
    //#end if TRANSPOSE_A
    //#end unroll l
    //#end unroll s
    //#end unroll e
  }

  let start = (group.z * uniforms.rows + firstRow) * uniforms.columns + column;
  // Stored in a loop: unrolled, the stores would take most of the compile time.
  var sums: array<{{ACC}}, {{ROWS}}>;
  //#unroll r ROWS
  sums[{{r}}] = sum{{r}};
  //#end unroll r
  let count = min({{ROWS}}u, uniforms.rows - firstRow);
  for (var r = 0u; r < count; r++) {
    if (column < uniforms.columns) {
      matrixC[(start + r * uniforms.columns) / {{WIDTH}}u] = sums[r];
    }
  }
}
