// out[i] = value. One invocation per element.
//#uniforms
@group(0) @binding(1) var<storage, read_write> result: array<{{TYPE}}>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * (groups.x * 64u) + id.x;
  if (i >= uniforms.count) { return; }
  result[i] = {{TYPE}}(uniforms.value);
}
