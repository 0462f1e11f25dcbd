// Group normalization of x [samples, positions, channels], whose channels fall into groups of `width` neighbours:
//   mean and (biased) variance over the positions and channels of a group,
//   inverse = 1 / sqrt(variance + eps),  y = (x − mean) · inverse · weight + bias.
//
// {{LANES}} lanes share a group: each takes one column of the group's channels, or several, at every position that is
// its row's. The variance is of differences from the mean, in a second pass, since E[x²] − E[x]² cancels. A tree in a
// fixed order joins the lanes' sums, so that the same inputs give the same bits. Sums and products alone: NaN goes
// through by itself.
//
// Grid: one workgroup per group of a sample, linear; {{LANES}} invocations.
//#uniforms
@group(0) @binding(1) var<storage, read> x: array<{{X}}>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<{{X}}>;
@group(0) @binding(5) var<storage, read_write> means: array<f32>;
@group(0) @binding(6) var<storage, read_write> inverses: array<f32>;

@compute @workgroup_size({{LANES}})
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = workgroup.y * workgroups.x + workgroup.x;
  // A surplus workgroup: the whole of it leaves, before any barrier.
  if (index >= uniforms.samples * uniforms.groups) { return; }
  let part = partOf(index, lane);
  let size = f32(uniforms.positions * uniforms.width);

  var sum = 0.0;
  for (var p = part.row; p < uniforms.positions; p += part.rows) {
    for (var c = part.column; c < uniforms.width; c += part.columns) {
      sum += f32(x[part.first + p * uniforms.channels + c]);
    }
  }
  let mean = join(lane, sum) / size;

  sum = 0.0;
  for (var p = part.row; p < uniforms.positions; p += part.rows) {
    for (var c = part.column; c < uniforms.width; c += part.columns) {
      let centred = f32(x[part.first + p * uniforms.channels + c]) - mean;
      sum += centred * centred;
    }
  }
  let inverse = 1.0 / sqrt(join(lane, sum) / size + uniforms.eps);

  for (var p = part.row; p < uniforms.positions; p += part.rows) {
    for (var c = part.column; c < uniforms.width; c += part.columns) {
      let i = part.first + p * uniforms.channels + c;
      let channel = part.channel + c;
      y[i] = {{X}}((f32(x[i]) - mean) * inverse * weight[channel] + bias[channel]);
    }
  }
  if (lane == 0u) {
    means[index] = mean;
    inverses[index] = inverse;
  }
}
