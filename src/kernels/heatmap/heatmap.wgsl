// H[n, i, j, k] = g_y[n, i, k] · g_x[n, j, k]: Gaussian heatmaps from the profiles that profiles.wgsl wrote.
//
// Grid: one invocation per element of H, linear.
//#uniforms
@group(0) @binding(1) var<storage, read> profiles: array<f32>; // [images, height + width, channels]
@group(0) @binding(2) var<storage, read_write> heatmap: array<f32>; // [images, height, width, channels]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let index = id.y * (workgroups.x * 64u) + id.x;
  if (index >= uniforms.size) { return; }
  let channel = index % uniforms.channels;
  let cell = index / uniforms.channels;
  let column = cell % uniforms.width;
  let row = cell / uniforms.width % uniforms.height;
  let first = cell / uniforms.width / uniforms.height * (uniforms.height + uniforms.width);
  heatmap[index] = profiles[(first + row) * uniforms.channels + channel] *
    profiles[(first + uniforms.height + column) * uniforms.channels + channel];
}
