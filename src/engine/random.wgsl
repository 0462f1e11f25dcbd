// result[4i … 4i+3] = four draws from Philox4x32-10 (philox.wgsl) at counter (i, 0, 0, 0) under the given key.
// UNIFORM: low + (high − low)·u with u = (bits >> 8)·2⁻²⁴ in [0, 1). Otherwise normal by Box and Muller.
// Grid: one invocation per four values.
struct Sizes { count: u32, key0: u32, key1: u32, low: f32, high: f32 }
@group(0) @binding(0) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read_write> result: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = id.y * (groups.x * 64u) + id.x;
  if (4u * i >= sizes.count) { return; }
  let bits = philox(vec4<u32>(i, 0u, 0u, 0u), vec2<u32>(sizes.key0, sizes.key1));
  let u = vec4<f32>(bits >> vec4<u32>(8u)) * 5.9604644775390625e-8;
//#if UNIFORM
  let draws = vec4<f32>(sizes.low) + (sizes.high - sizes.low) * u;
//#else
  // 1 − u lies in (0, 1], so that the logarithm is finite.
  let radius = sqrt(-2.0 * log(vec2<f32>(1.0) - u.xz));
  let angle = 6.283185307179586 * u.yw;
  let normal = vec4<f32>(radius.x * cos(angle.x), radius.x * sin(angle.x), radius.y * cos(angle.y), radius.y * sin(angle.y));
  let draws = sizes.low + sizes.high * normal;
//#end
  for (var k = 0u; k < 4u && 4u * i + k < sizes.count; k++) {
    result[4u * i + k] = draws[k];
  }
}
