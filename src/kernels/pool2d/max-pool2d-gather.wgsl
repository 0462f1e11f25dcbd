// The values at the cells that max pooling has chosen: y[w] = x[argmax[w]] for every window w. x and y have the shapes
// of the pooling's own input and result, and windows the order of max-pool2d.wgsl.
//
// Grid: one invocation per window and channel, linear, channel fastest.
//#uniforms
@group(0) @binding(1) var<storage, read> x: array<{{TYPE}}>;
@group(0) @binding(2) var<storage, read> argmax: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<{{TYPE}}>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * (groups.x * 64u) + id.x;
  if (i >= uniforms.count) { return; }
  let channel = i % uniforms.channels;
  let image = i / uniforms.channels / uniforms.windows;
  y[i] = x[(image * uniforms.cells + argmax[i]) * uniforms.channels + channel];
}
