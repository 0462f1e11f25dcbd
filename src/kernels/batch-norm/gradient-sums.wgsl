// Batch normalization, backward, first pass: Σ dz and Σ dz·x̂ of each channel within each part of rows, where
// x̂ = (x − mean) / √(variance + ε) and dz is dy, or with RELU dy where the output is positive and else 0.
//
// Parts as in statistics.wgsl: part s holds the rows r ≡ s (mod parts).
//
// Grid: one invocation per (part, group of {{WIDTH}} channels), linear, group fastest.
alias V = {{VECTOR}};
alias Stored = {{STORED}};

//#uniforms
@group(0) @binding(1) var<storage, read> x: array<Stored>;
@group(0) @binding(2) var<storage, read> dy: array<Stored>;
@group(0) @binding(3) var<storage, read> mean: array<V>;
@group(0) @binding(4) var<storage, read> variance: array<V>;
@group(0) @binding(5) var<storage, read_write> partials: array<V>; // [2 (Σ dz, Σ dz·x̂), parts, groups]
//#if RELU
@group(0) @binding(6) var<storage, read> weight: array<V>;
@group(0) @binding(7) var<storage, read> bias: array<V>;
//#end if RELU

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let index = id.y * (workgroups.x * 64u) + id.x;
  let stride = uniforms.parts * uniforms.groups;
  if (index >= stride) { return; }
  let group = index % uniforms.groups;

  let centre = mean[group];
  let deviation = sqrt(variance[group] + uniforms.eps);
//#if RELU
  let scale = weight[group] / deviation;
  let shift = bias[group];
//#end if RELU
  var sum = V(0.0);
  var sum_centred = V(0.0);
  for (var at = index; at < uniforms.size; at += stride) {
    let centred = V(x[at]) - centre;
//#if RELU
    // The same expression as in normalize.wgsl, so that forward and backward agree on which side of zero z lies.
    let dz = select(V(0.0), V(dy[at]), passes(centred * scale + shift));
//#else
    let dz = V(dy[at]);
//#end if RELU
    sum += dz;
    sum_centred += dz * centred;
  }
  partials[index] = sum;
  partials[stride + index] = sum_centred / deviation;
}
