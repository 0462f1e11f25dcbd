// Gradient of the expected coordinates by the probabilities: dp[n, i, j, k] = dx[n, k]·x_j + dy[n, k]·y_i, with the
// coordinates x_j and y_i of expectation2d.wgsl.
//
// Grid: one invocation per element of dp, linear.
//#uniforms
@group(0) @binding(1) var<storage, read> gradient: array<f32>; // [images, channels, 2 (x, y)]
@group(0) @binding(2) var<storage, read_write> dp: array<f32>; // [images, height, width, channels]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let index = id.y * (workgroups.x * 64u) + id.x;
  if (index >= uniforms.images * uniforms.height * uniforms.width * uniforms.channels) { return; }
  let cell = index / uniforms.channels;
  let column = cell % uniforms.width;
  let row = cell / uniforms.width % uniforms.height;
  let image = cell / uniforms.width / uniforms.height;
  let map = image * uniforms.channels + index % uniforms.channels;
  let x = f32(i32(2u * column) - i32(uniforms.width - 1u)) / uniforms.x_divisor;
  let y = f32(i32(2u * row) - i32(uniforms.height - 1u)) / uniforms.y_divisor;
  dp[index] = gradient[2u * map] * x + gradient[2u * map + 1u] * y;
}
