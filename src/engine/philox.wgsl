// result[4i … 4i+3] = four draws from Philox4x32-10 at counter (i, 0, 0, 0) under the given key.
//
// J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011): a counter goes through ten rounds of
// multiplications by two constants, mixed with a key that a Weyl sequence advances. Draws depend on key and position
// alone, so any part of a stream can be had by itself and every run gives the same bits.
// UNIFORM: low + (high − low)·u with u = (bits >> 8)·2⁻²⁴ in [0, 1). Otherwise normal by Box and Muller.
// Grid: one invocation per four values.
struct Sizes { count: u32, key0: u32, key1: u32, low: f32, high: f32 }
@group(0) @binding(0) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read_write> result: array<f32>;

// The 64-bit product of two words, as (high, low): WGSL has no wider integers.
fn multiplyWide(a: u32, b: u32) -> vec2<u32> {
  let aLow = a & 0xffffu;
  let aHigh = a >> 16u;
  let bLow = b & 0xffffu;
  let bHigh = b >> 16u;
  let low = aLow * bLow;
  let middle1 = aHigh * bLow + (low >> 16u);
  let middle2 = aLow * bHigh + (middle1 & 0xffffu);
  return vec2<u32>(aHigh * bHigh + (middle1 >> 16u) + (middle2 >> 16u), a * b);
}

fn philox(start: vec4<u32>, startKey: vec2<u32>) -> vec4<u32> {
  var counter = start;
  var key = startKey;
  for (var round = 0u; round < 10u; round++) {
    let p0 = multiplyWide(0xd2511f53u, counter.x);
    let p1 = multiplyWide(0xcd9e8d57u, counter.z);
    counter = vec4<u32>(p1.x ^ counter.y ^ key.x, p1.y, p0.x ^ counter.w ^ key.y, p0.y);
    key += vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
  }
  return counter;
}

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
