// Clears the unused words between the members of an arena. One workgroup per gap; gaps[2g] = first word, gaps[2g + 1] =
// count.
//#uniforms
@group(0) @binding(1) var<storage, read> gaps: array<u32>;
@group(0) @binding(2) var<storage, read_write> arena: array<u32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let g = group.y * groups.x + group.x;
  if (g >= uniforms.gaps) { return; }
  for (var i = lane; i < gaps[2u * g + 1u]; i += 64u) {
    arena[gaps[2u * g] + i] = 0u;
  }
}
