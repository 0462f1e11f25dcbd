// H[n, i, j, k] = g_y[n, i, k] · g_x[n, j, k]: Gaussian heatmaps from the profiles that profiles.wgsl wrote.
//
// Grid: one invocation per element of H, linear.
struct Params { size: u32, channels: u32, height: u32, width: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> profiles: array<f32>; // [images, height + width, channels]
@group(0) @binding(2) var<storage, read_write> heatmap: array<f32>; // [images, height, width, channels]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
  let index = id.y * (workgroups.x * 64u) + id.x;
  if (index >= params.size) { return; }
  let channel = index % params.channels;
  let cell = index / params.channels;
  let column = cell % params.width;
  let row = cell / params.width % params.height;
  let first = cell / params.width / params.height * (params.height + params.width);
  heatmap[index] = profiles[(first + row) * params.channels + channel] *
    profiles[(first + params.height + column) * params.channels + channel];
}
