// result[i] = start + step·i, in the second half counted back from the end, so that both ends are exact.
// Grid: one invocation per element.
//#uniforms
@group(0) @binding(1) var<storage, read_write> result: array<{{TYPE}}>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * (groups.x * 64u) + id.x;
  if (i >= uniforms.count) { return; }
  let back = {{TYPE}}(uniforms.count - 1u - i);
  if (i < uniforms.count / 2u) {
    result[i] = uniforms.start + uniforms.step * {{TYPE}}(i);
  } else {
    result[i] = uniforms.end - uniforms.step * back;
  }
}
