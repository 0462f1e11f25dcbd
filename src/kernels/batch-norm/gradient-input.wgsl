// Batch normalization, backward, last pass:
//   dx = weight / √(variance + ε) · (dz − mean(dz) − x̂·mean(dz·x̂)),  x̂ = (x − mean) / √(variance + ε),
// dz as in gradient-sums.wgsl. Without TRAINING, where the statistics do not depend on x, weight / √(variance + ε) ·
// dz.
//
// Rows and channels are walked as in normalize.wgsl.
//
// Grid: one invocation per (part, group of {{WIDTH}} channels), linear, group fastest.
alias V = {{VECTOR}};
alias Stored = {{STORED}};

//#uniforms
@group(0) @binding(1) var<storage, read> x: array<Stored>;
@group(0) @binding(2) var<storage, read> dy: array<Stored>;
@group(0) @binding(3) var<storage, read> weight: array<V>;
@group(0) @binding(4) var<storage, read> mean: array<V>;
@group(0) @binding(5) var<storage, read> variance: array<V>;
@group(0) @binding(6) var<storage, read> shares: array<V>; // [2 (mean of dz, mean of dz·x̂), groups]
@group(0) @binding(7) var<storage, read_write> dx: array<Stored>;
//#if RELU
@group(0) @binding(8) var<storage, read> bias: array<V>;
//#end if RELU

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let index = id.y * (workgroups.x * 64u) + id.x;
  let stride = uniforms.parts * uniforms.groups;
  if (index >= stride) { return; }
  let group = index % uniforms.groups;

  let centre = mean[group];
  let deviation = sqrt(variance[group] + uniforms.eps);
  let scale = weight[group] / deviation;
//#if TRAINING
  let mean_dz = shares[group];
  let slope = shares[uniforms.groups + group] / deviation;
//#end if TRAINING
//#if RELU
  let shift = bias[group];
//#end if RELU
  for (var at = index; at < uniforms.size; at += stride) {
    let centred = V(x[at]) - centre;
//#if RELU
    // The same expression as in normalize.wgsl, so that forward and backward agree on which side of zero z lies.
    let dz = select(V(0.0), V(dy[at]), passes(centred * scale + shift));
//#else
    let dz = V(dy[at]);
//#end if RELU
//#if TRAINING
    dx[at] = Stored(scale * (dz - mean_dz - centred * slope));
//#else
    dx[at] = Stored(scale * dz);
//#end if TRAINING
  }
}
