// Operands of a tile of EXTENT x EXTENT, staged with K outermost in steps of 16: [k][row / 4] and [k][column / 4]. Where memory
// allows rows are padded against bank conflicts.
//#if MATRIX
alias Staged = vec4<f16>;
alias Left = subgroup_matrix_left<f16, {{K}}, {{M}}>;
alias Right = subgroup_matrix_right<f16, {{N}}, {{K}}>;
alias Sums = subgroup_matrix_result<f32, {{N}}, {{M}}>;
var<workgroup> results: array<f32, {{RESULTS}}>; // one matrix of each subgroup, on its way out
//#else
alias Staged = vec4f;
//#end
var<workgroup> tileA: array<Staged, {{STAGED}}>;
var<workgroup> tileB: array<Staged, {{STAGED}}>;

fn stageA(k: u32, quad: u32, value: vec4f) {
  tileA[k * {{PITCH}}u + quad] = Staged(value);
}

fn stageB(k: u32, quad: u32, value: vec4f) {
  tileB[k * {{PITCH}}u + quad] = Staged(value);
}
