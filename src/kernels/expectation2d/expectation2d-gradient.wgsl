// Gradient of the expected coordinates by the probabilities: dp[n, i, j, k] = dx[n, k]·x_j + dy[n, k]·y_i, with the
// coordinates x_j and y_i of expectation2d.wgsl.
//
// Grid: one invocation per element of dp, linear.
struct Params { images: u32, height: u32, width: u32, channels: u32, x_divisor: f32, y_divisor: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<f32>; // [images, channels, 2 (x, y)]
@group(0) @binding(2) var<storage, read_write> dp: array<f32>; // [images, height, width, channels]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
  let index = id.y * (workgroups.x * 64u) + id.x;
  if (index >= params.images * params.height * params.width * params.channels) { return; }
  let cell = index / params.channels;
  let column = cell % params.width;
  let row = cell / params.width % params.height;
  let image = cell / params.width / params.height;
  let map = image * params.channels + index % params.channels;
  let x = f32(i32(2u * column) - i32(params.width - 1u)) / params.x_divisor;
  let y = f32(i32(2u * row) - i32(params.height - 1u)) / params.y_divisor;
  dp[index] = gradient[2u * map] * x + gradient[2u * map + 1u] * y;
}
