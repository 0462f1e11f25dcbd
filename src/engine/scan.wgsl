// Checked mode: one pass over what a node wrote. Counts, at its site in `status`, the elements that still hold what
// poison.wgsl put there, those that are NaN (or Inf, unless allowed), and the words of the guard (guard.wgsl) that have
// changed. NaN and Inf are found by their bits: drivers fold `x != x` to false. One invocation per word.
//#uniforms
@group(0) @binding(1) var<storage, read> value: array<u32>;
// [sites, 4]: elements unwritten, size less the first of them, elements NaN or Inf, words changed beyond the end
@group(0) @binding(2) var<storage, read_write> status: array<atomic<u32>>;

// `magnitude`: the bits without the sign, 0 for what is no float; `infinity`: those of Inf.
fn check(element: u32, magnitude: u32, infinity: u32, untouched: bool) {
  if (element >= uniforms.size) { return; }
  if (uniforms.poisoned == 1u && untouched) {
    atomicAdd(&status[4u * uniforms.site], 1u);
    atomicMax(&status[4u * uniforms.site + 1u], uniforms.size - element);
  } else if (magnitude > infinity || (magnitude == infinity && uniforms.infinities == 0u)) {
    atomicAdd(&status[4u * uniforms.site + 2u], 1u);
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * (groups.x * 64u) + id.x;
  if (i < uniforms.guard_start) {
    let word = value[i];
    let poison = guard_word(uniforms.salt, i);
    if (uniforms.kind == 2u) {
      check(2u * i, word & 0x7fffu, 0x7c00u, ((word ^ poison) & 0xffffu) == 0u);
      check(2u * i + 1u, (word >> 16u) & 0x7fffu, 0x7c00u, ((word ^ poison) >> 16u) == 0u);
    } else {
      check(i, select(0u, word & 0x7fffffffu, uniforms.kind == 1u), 0x7f800000u, word == poison);
    }
  }
  let position = uniforms.guard_start + i;
  if (i < uniforms.guard_words && value[position] != guard_word(uniforms.salt, position)) {
    atomicAdd(&status[4u * uniforms.site + 3u], 1u);
  }
}
