// Operands of a tile of EXTENT x EXTENT, staged with K outermost in steps of STEP: [k][row / 4] and [k][column / 4].
// Where memory allows rows are padded against bank conflicts.
//#if MATRIX
alias Staged = vec4<f16>;
alias Left = subgroup_matrix_left<f16, {{K}}, {{M}}>;
alias Right = subgroup_matrix_right<f16, {{N}}, {{K}}>;
alias Sums = subgroup_matrix_result<f32, {{N}}, {{M}}>;
var<workgroup> results: array<f32, {{RESULTS}}>; // one matrix of each share, on its way out
//#else
alias Staged = vec4f;
//#end if MATRIX
var<workgroup> tileA: array<Staged, {{STAGED}}>;
var<workgroup> tileB: array<Staged, {{STAGED}}>;

fn stageA(k: u32, quad: u32, value: vec4f) {
  tileA[k * {{PITCH}}u + quad] = Staged(value);
}

fn stageB(k: u32, quad: u32, value: vec4f) {
  tileB[k * {{PITCH}}u + quad] = Staged(value);
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
