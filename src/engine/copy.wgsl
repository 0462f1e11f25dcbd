// destination[offset + i] = source[i], word by word, whatever the dtype.
//#uniforms
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> destination: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * (groups.x * 64u) + id.x;
  if (i >= uniforms.count) { return; }
  destination[uniforms.offset + i] = source[i];
}
