// Moves a running statistic of each channel towards that of the batch: running ← (1 − momentum) · running + momentum ·
// scale · batch, with scale 1 for the mean, and rows / (rows − 1) for the variance, which turns the biased estimate
// into the unbiased one.
//
// Grid: one invocation per channel, linear.
//#uniforms
@group(0) @binding(1) var<storage, read> batch: array<f32>;
@group(0) @binding(2) var<storage, read_write> running: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let channel = id.y * (workgroups.x * 64u) + id.x;
  if (channel >= uniforms.channels) { return; }
  running[channel] = (1.0 - uniforms.momentum) * running[channel] + uniforms.momentum * uniforms.scale * batch[channel];
}
