// Batch normalisation, last pass: y = (x − mean) / √(variance + ε) · weight + bias, and with RELU max(y, 0).
//
// An invocation keeps to one group of {{WIDTH}} channels and walks over the rows of its slab (r ≡ slab mod slabs), so the
// channel's constants are loaded once and neighbouring invocations touch neighbouring memory.
//
// Grid: one invocation per (slab, group), linear, group fastest.
struct Params { size: u32, groups: u32, slabs: u32, eps: f32 }

alias V = {{VECTOR}};
alias Stored = {{STORED}};

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Stored>; // [rows, groups], size in all
@group(0) @binding(2) var<storage, read> weight: array<V>;
@group(0) @binding(3) var<storage, read> bias: array<V>;
@group(0) @binding(4) var<storage, read> mean: array<V>;
@group(0) @binding(5) var<storage, read> variance: array<V>;
@group(0) @binding(6) var<storage, read_write> y: array<Stored>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
  let index = id.y * (workgroups.x * 64u) + id.x;
  let stride = params.slabs * params.groups;
  if (index >= stride) { return; }
  let group = index % params.groups;

  let centre = mean[group];
  let scale = weight[group] / sqrt(variance[group] + params.eps);
  let shift = bias[group];
  for (var at = index; at < params.size; at += stride) {
    let z = (V(x[at]) - centre) * scale + shift;
//#if RELU
    y[at] = Stored(rectify(z));
//#else
    y[at] = Stored(z);
//#end
  }
}
