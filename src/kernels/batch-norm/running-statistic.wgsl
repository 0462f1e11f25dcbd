// Moves a running statistic of each channel towards that of the batch: running ← (1 − momentum) · running + momentum ·
// scale · batch, with scale 1 for the mean, and rows / (rows − 1) for the variance, which turns the biased estimate
// into the unbiased one.
//
// Grid: one invocation per channel, linear.
struct Params { channels: u32, momentum: f32, scale: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> batch: array<f32>;
@group(0) @binding(2) var<storage, read_write> running: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
  let channel = id.y * (workgroups.x * 64u) + id.x;
  if (channel >= params.channels) { return; }
  running[channel] = (1.0 - params.momentum) * running[channel] + params.momentum * params.scale * batch[channel];
}
