// Checked mode: one pass over a result. Reports, in status[0], the first node with NaN or Inf among its values, and in
// status[1] the first that wrote beyond its end, each as (nodes - position) so that the maximum names the earliest.
// NaN and Inf are found by their bits: drivers fold `x != x` to false.
struct Sizes { size: u32, guardStart: u32, guardWords: u32, code: u32, kind: u32 } // kind: 0 bits, 1 f32, 2 f16
@group(0) @binding(0) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> value: array<u32>;
@group(0) @binding(2) var<storage, read_write> status: array<atomic<u32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = id.y * (groups.x * 64u) + id.x;
  if (sizes.kind == 1u && i < sizes.size && (value[i] & 0x7f800000u) == 0x7f800000u) {
    atomicMax(&status[0], sizes.code);
  }
  if (sizes.kind == 2u && 2u * i < sizes.size) {
    let inUpper = 2u * i + 1u < sizes.size && (value[i] & 0x7c000000u) == 0x7c000000u;
    if (inUpper || (value[i] & 0x7c00u) == 0x7c00u) {
      atomicMax(&status[0], sizes.code);
    }
  }
  if (i < sizes.guardWords && value[sizes.guardStart + i] != 0xa5a5a5a5u) {
    atomicMax(&status[1], sizes.code);
  }
}
