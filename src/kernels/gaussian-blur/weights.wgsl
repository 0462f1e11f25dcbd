// weights[n] = the radius ⌈3σ⌉ of image n, then the weights at distances 0, 1, …, radius of its kernel's centre,
//   exp(−k²/2σ²) / Σ over both sides,
// and zeros up to the table's end, three cells beyond the largest radius, where the blur's runs of four end.
//
// Grid: one invocation per image, linear.
//#uniforms
@group(0) @binding(1) var<storage, read> sigmas: array<f32>; // [images]
@group(0) @binding(2) var<storage, read_write> weights: array<f32>; // [images, 1 + length]

fn bell(k: u32, sigma: f32) -> f32 {
  let d = f32(k) / sigma;
  return keepNan(exp(-0.5 * d * d), d);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let image = id.y * (workgroups.x * 64u) + id.x;
  if (image >= uniforms.images) { return; }
  // Of a NaN the narrowest kernel is made, whose weights are NaN.
  let given = sigmas[image];
  let sigma = minimum(given, uniforms.max_sigma);
  let reach = select(0u, min(u32(ceil(3.0 * sigma)), uniforms.radius), sigma > 0.0);
  let radius = select(reach, 1u, isNan(given));
  var total = 1.0;
  for (var k = 1u; k <= radius; k++) { total += 2.0 * bell(k, sigma); }
  let first = image * (uniforms.length + 1u);
  weights[first] = f32(radius);
  weights[first + 1u] = 1.0 / total;
  for (var k = 1u; k < uniforms.length; k++) {
    weights[first + 1u + k] = select(0.0, bell(k, sigma) / total, k <= radius);
  }
}
