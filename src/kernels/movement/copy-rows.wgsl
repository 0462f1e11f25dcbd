// result[row · resultRow + resultOffset + j] = x[row · inputRow + inputOffset + j] for j < length: a stretch of every
// row.
//
// A concatenation along an axis writes each input's rows to a stretch of the result's longer rows; a slice along an
// axis reads a stretch of the input's. Grid: one invocation per {{TYPE}} copied; all sizes count {{TYPE}}.
//#uniforms
@group(0) @binding(1) var<storage, read> x: array<{{TYPE}}>;
@group(0) @binding(2) var<storage, read_write> result: array<{{TYPE}}>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * (groups.x * 64u) + id.x;
  if (i >= uniforms.count) { return; }
  let row = i / uniforms.length;
  let j = i - row * uniforms.length;
  result[row * uniforms.resultRow + uniforms.resultOffset + j] = x[row * uniforms.inputRow + uniforms.inputOffset + j];
}
