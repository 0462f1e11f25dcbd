// A Gaussian heatmap is the product of two profiles, H[i, j] = g_y[i]·g_x[j], one along each axis:
//   g[i] = exp(−d_i²/2),  d_i = (x_i − μ) · n / (2σ),
// for the point's coordinate μ and the n cells' coordinates x_i = (2i − (n − 1)) / divisor, both in [−1, 1], and σ in
// cells of width 2/n. With NORMALIZED each profile is divided by its sum, from the largest exponent down, so that a
// point far outside still has a profile.
//
// Since ln g is known without a logarithm, so are, with S = Σ g,
//   Σ H·ln H = (Σ g_x·ln g_x)·S_y + S_x·(Σ g_y·ln g_y),
// the negative entropy of the heatmap, and S·ln S of the whole, the least of Σ H·ln(H/p) over all p that sum to one.
//
// Grid: one invocation per point, linear.
//#uniforms
@group(0) @binding(1) var<storage, read> points: array<f32>; // [images, channels, 2 (x, y)]
@group(0) @binding(2) var<storage, read_write> profiles: array<f32>; // [images, height + width, channels]
@group(0) @binding(3) var<storage, read_write> negative_entropy: array<f32>; // [images, channels]
@group(0) @binding(4) var<storage, read_write> least_divergence: array<f32>; // [images, channels]

struct Axis { size: u32, divisor: f32, sigma: f32, centre: f32 }

fn exponent(axis: Axis, i: u32) -> f32 {
  let x = f32(i32(2u * i) - i32(axis.size - 1u)) / axis.divisor;
  let d = (x - axis.centre) * f32(axis.size) / (2.0 * axis.sigma);
  return -0.5 * d * d;
}

// Writes the profile at `first` and returns (Σ g, Σ g·ln g).
fn write_profile(axis: Axis, first: u32) -> vec2f {
  var log_total = 0.0;
//#if NORMALIZED
  var highest = exponent(axis, 0u);
  for (var i = 1u; i < axis.size; i++) { highest = maximum(highest, exponent(axis, i)); }
  var total = 0.0;
  for (var i = 0u; i < axis.size; i++) { total += keepNan(exp(exponent(axis, i) - highest), highest); }
  log_total = highest + log(total);
//#end if NORMALIZED
  var sums = vec2f(0.0);
  for (var i = 0u; i < axis.size; i++) {
    let log_value = exponent(axis, i) - log_total;
    let value = keepNan(exp(log_value), log_value);
    profiles[first + i * uniforms.channels] = value;
    sums += vec2f(value, value * log_value);
  }
  return sums;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let index = id.y * (workgroups.x * 64u) + id.x;
  if (index >= uniforms.points) { return; }
  let first = index / uniforms.channels * (uniforms.height + uniforms.width) * uniforms.channels + index % uniforms.channels;
  let rows = Axis(uniforms.height, uniforms.y_divisor, uniforms.y_sigma, points[2u * index + 1u]);
  let columns = Axis(uniforms.width, uniforms.x_divisor, uniforms.x_sigma, points[2u * index]);
  let y = write_profile(rows, first);
  let x = write_profile(columns, first + uniforms.height * uniforms.channels);

  negative_entropy[index] = x.y * y.x + x.x * y.y;
//#if NORMALIZED
  least_divergence[index] = 0.0;
//#else
  let sum = x.x * y.x;
  least_divergence[index] = keepNan(select(0.0, sum * log(max(sum, 1e-37)), sum > 0.0), sum);
//#end if NORMALIZED
}
