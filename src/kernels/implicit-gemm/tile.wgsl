// Operands of a tile of EXTENT x EXTENT, staged in steps of STEP along K: rows first, columns COLUMNS_AT behind them.
// Products on registers want lines (rows or columns) side by side, [k][line / 4]; those of matrix units want K,
// [line][k / 4], since a lane's share of a matrix is contiguous then. Where memory allows, each such row is padded
// against bank conflicts.
//#if MATRIX
alias Staged = vec4<f16>;
alias Left = subgroup_matrix_left<f16, {{K}}, {{M}}>;
alias Right = subgroup_matrix_right<f16, {{N}}, {{K}}>;
alias Sums = subgroup_matrix_result<f32, {{N}}, {{M}}>;
var<workgroup> results: array<f32, {{RESULTS}}>; // one matrix of each share, on its way out
//#else
alias Staged = vec4f;
//#end if MATRIX
var<workgroup> staged: array<Staged, {{2*COLUMNS_AT}}>;

// Stages four lines by four k, from `line` and `k` on: an invocation has whole blocks, because a vec4 in workgroup
// memory must have one writer. Each vector of `block` is a line.
fn stageLines(operand: u32, line: u32, k: u32, block: mat4x4f) {
//#if MATRIX
  stageVectors(operand + line * {{PITCH}}u + k / 4u, block);
//#else
  stageVectors(operand + k * {{PITCH}}u + line / 4u, transpose(block));
//#end if MATRIX
}

// The same, where each vector of `block` is a k.
fn stageDepths(operand: u32, line: u32, k: u32, block: mat4x4f) {
//#if MATRIX
  stageVectors(operand + line * {{PITCH}}u + k / 4u, transpose(block));
//#else
  stageVectors(operand + k * {{PITCH}}u + line / 4u, block);
//#end if MATRIX
}

fn stageVectors(at: u32, block: mat4x4f) {
//#unroll e 4
  staged[at + {{e*PITCH}}u] = Staged(block[{{e}}]);
//#end unroll e
}

//#if STATISTICS
// How many of the `count` rows from `first` on are among the first `rows`.
fn rowsAmong(rows: u32, first: u32, count: u32) -> f32 {
  return f32(min(rows - min(first, rows), count));
}
//#if MATRIX
var<workgroup> moments: array<vec2f, {{MOMENTS}}>; // mean and M2 of each column, [rows of shares][column]
//#end if MATRIX
//#end if STATISTICS
