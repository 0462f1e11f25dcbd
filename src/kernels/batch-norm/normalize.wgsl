// Batch normalization, last pass: y = (x − mean) / √(variance + ε) · weight + bias, and with RELU max(y, 0).
//
// An invocation keeps to one group of {{WIDTH}} channels and walks over the rows of its part (r ≡ part mod parts), so
// the channel's constants are loaded once and neighbouring invocations touch neighbouring memory.
//
// Grid: one invocation per (part, group), linear, group fastest.
alias V = {{VECTOR}};
alias Stored = {{STORED}};

//#uniforms
@group(0) @binding(1) var<storage, read> x: array<Stored>; // [rows, groups], size in all
@group(0) @binding(2) var<storage, read> weight: array<V>;
@group(0) @binding(3) var<storage, read> bias: array<V>;
@group(0) @binding(4) var<storage, read> mean: array<V>;
@group(0) @binding(5) var<storage, read> variance: array<V>;
@group(0) @binding(6) var<storage, read_write> y: array<Stored>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let index = id.y * (workgroups.x * 64u) + id.x;
  let stride = uniforms.parts * uniforms.groups;
  if (index >= stride) { return; }
  let group = index % uniforms.groups;

  let centre = mean[group];
  let scale = weight[group] / sqrt(variance[group] + uniforms.eps);
  let shift = bias[group];
  for (var at = index; at < uniforms.size; at += stride) {
    let z = (V(x[at]) - centre) * scale + shift;
//#if RELU
    y[at] = Stored(rectify(z));
//#else
    y[at] = Stored(z);
//#end if RELU
  }
}
