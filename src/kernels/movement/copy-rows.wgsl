// result[row · resultRow + resultOffset + j] = x[row · inputRow + inputOffset + j] for j < length: a stretch of every row.
//
// A concatenation along an axis writes each input's rows to a stretch of the result's longer rows; a slice along an axis
// reads a stretch of the input's. Grid: one invocation per {{TYPE}} copied; all sizes count {{TYPE}}.
struct Sizes { count: u32, length: u32, inputRow: u32, inputOffset: u32, resultRow: u32, resultOffset: u32 }
@group(0) @binding(0) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> x: array<{{TYPE}}>;
@group(0) @binding(2) var<storage, read_write> result: array<{{TYPE}}>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = id.y * (groups.x * 64u) + id.x;
  if (i >= sizes.count) { return; }
  let row = i / sizes.length;
  let j = i - row * sizes.length;
  result[row * sizes.resultRow + sizes.resultOffset + j] = x[row * sizes.inputRow + sizes.inputOffset + j];
}
