// size[0] = invocations in the subgroups that the driver gives a kernel with matrix products. The product is one of
// zeros, of the shape and for as many invocations as the kernels that this is asked for. Grid: one workgroup.

alias Left = subgroup_matrix_left<f16, {{K}}, {{M}}>;
alias Right = subgroup_matrix_right<f16, {{N}}, {{K}}>;
alias Sums = subgroup_matrix_result<f32, {{N}}, {{M}}>;

@group(0) @binding(1) var<storage, read> nothing: array<f32>;
@group(0) @binding(2) var<storage, read_write> size: array<f32>;
var<workgroup> operands: array<vec4<f16>, {{QUADS}}>;
var<workgroup> results: array<f32, {{RESULTS}}>;

@compute @workgroup_size(128)
fn main(
  @builtin(local_invocation_index) index: u32,
  @builtin(subgroup_id) subgroup: u32,
  @builtin(subgroup_size) lanes: u32,
) {
  for (var at = index; at < {{QUADS}}u; at += 128u) {
    operands[at] = vec4<f16>(f16(nothing[0]));
  }
  workgroupBarrier();
  if (subgroup == 0u) {
    let left = subgroupMatrixLoad<Left, col_major>(&operands, 0u, {{M}}u / 4u);
    let right = subgroupMatrixLoad<Right, row_major>(&operands, 0u, {{N}}u / 4u);
    subgroupMatrixStore<row_major>(&results, 0u, subgroupMatrixMultiplyAccumulate(left, right, Sums()), {{N}}u);
  }
  workgroupBarrier();
  if (index == 0u) {
    size[0] = f32(lanes) + results[0];
  }
}
