// The values at the cells that max pooling has chosen: y[w] = x[argmax[w]] for every window w. x and y have the shapes of the
// pooling's own input and result, and windows the order of max-pool2d.wgsl.
//
// Grid: one invocation per window and channel, linear, channel fastest.
struct Sizes { count: u32, channels: u32, windows: u32, cells: u32 } // windows and cells: of one image

@group(0) @binding(0) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> x: array<{{TYPE}}>;
@group(0) @binding(2) var<storage, read> argmax: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<{{TYPE}}>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = id.y * (groups.x * 64u) + id.x;
  if (i >= sizes.count) { return; }
  let channel = i % sizes.channels;
  let image = i / sizes.channels / sizes.windows;
  y[i] = x[(image * sizes.cells + argmax[i]) * sizes.channels + channel];
}
