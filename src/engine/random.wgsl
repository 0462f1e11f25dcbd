// result[4i … 4i+3] = four draws from Philox4x32-10 (philox.wgsl) at counter (i, 0, 0, 0) under the given key, or at
// (i, draws, 'gene') of a generator, so that no two of its draws share a counter. With u = (bits >> 8)·2⁻²⁴ in [0, 1):
//   UNIFORM: a + (b − a)·u.   NORMAL: a + b·z, z by Box and Muller.   BERNOULLI: 1 where u < a, else 0.
// Grid: one invocation per four values.
//#uniforms
//#if STORED
// 1 or 2 words: a key. 4: a generator's state (generator.ts), its key and how often it has drawn.
@group(0) @binding(1) var<storage, read> stream: array<u32>;
@group(0) @binding(2) var<storage, read_write> result: array<f32>;
//#else
@group(0) @binding(1) var<storage, read_write> result: array<f32>;
//#end if STORED

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * (groups.x * 64u) + id.x;
  if (4u * i >= uniforms.count) { return; }
  var counter = vec4u(i, 0u, 0u, 0u);
//#if STORED
  var key = vec2u(stream[0], 0u);
  if (uniforms.key_words >= 2u) { key.y = stream[1]; }
  if (uniforms.key_words == 4u) { counter = vec4u(i, stream[2], stream[3], 0x67656e65u); }
//#else
  let key = vec2u(uniforms.key0, uniforms.key1);
//#end if STORED
  let bits = philox(counter, key);
  let u = vec4f(bits >> vec4u(8u)) * 5.9604644775390625e-8;
//#if UNIFORM
  let draws = vec4f(uniforms.a) + (uniforms.b - uniforms.a) * u;
//#end if UNIFORM
//#if NORMAL
  // 1 − u lies in (0, 1], so that the logarithm is finite.
  let radius = sqrt(-2.0 * log(vec2f(1.0) - u.xz));
  let angle = 6.283185307179586 * u.yw;
  let normal = vec4f(radius.x * cos(angle.x), radius.x * sin(angle.x), radius.y * cos(angle.y), radius.y * sin(angle.y));
  let draws = uniforms.a + uniforms.b * normal;
//#end if NORMAL
//#if BERNOULLI
  let draws = select(vec4f(0.0), vec4f(1.0), u < vec4f(uniforms.a));
//#end if BERNOULLI
  for (var k = 0u; k < 4u && 4u * i + k < uniforms.count; k++) {
    result[4u * i + k] = draws[k];
  }
}
