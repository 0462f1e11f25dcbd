// Checked mode: value[i] = guard_word(salt, i) (guard.wgsl) for `count` words from `first` on, before a kernel writes
// its results. One invocation per word.
//#uniforms
@group(0) @binding(1) var<storage, read_write> value: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * (groups.x * 64u) + id.x;
  if (i >= uniforms.count) { return; }
  value[uniforms.first + i] = guard_word(uniforms.salt, uniforms.first + i);
}
