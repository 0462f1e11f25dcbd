// Checked mode: value[i] = guard_word(salt, i) (guard.wgsl) for `count` words from `first` on, before a kernel writes its results.
// One invocation per word.
struct Sizes { first: u32, count: u32, salt: u32 }
@group(0) @binding(0) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read_write> value: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = id.y * (groups.x * 64u) + id.x;
  if (i >= sizes.count) { return; }
  value[sizes.first + i] = guard_word(sizes.salt, sizes.first + i);
}
