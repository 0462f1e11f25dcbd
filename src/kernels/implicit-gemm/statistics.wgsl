// Batch normalization, forward, first pass: mean and M2 = Σ (x − mean)² of each channel within each part of rows.
//
// x is [rows, channels], read as groups of {{WIDTH}} channels. Part s holds the rows r ≡ s (mod parts): neighbouring
// invocations read neighbouring memory whatever the number of channels. Four rows at a time get an exact two-pass mean
// and M2 in registers, and join what came before by Chan's formula (moments.wgsl).
//
// Grid: one invocation per (part, group), linear, group fastest.
alias V = {{VECTOR}};
alias Stored = {{STORED}};

//#uniforms
@group(0) @binding(1) var<storage, read> x: array<Stored>;
@group(0) @binding(2) var<storage, read_write> partials: array<V>; // [2 (mean, M2), parts, groups]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let index = id.y * (workgroups.x * 64u) + id.x;
  let stride = uniforms.parts * uniforms.groups;
  if (index >= stride) { return; }
  let part = index / uniforms.groups;
  let rows = (uniforms.rows - part + uniforms.parts - 1u) / uniforms.parts;

  var mean = V(0.0);
  var total = V(0.0);
  var m2 = V(0.0);
  var at = index;
  var row = 0u;
  for (; row + 4u <= rows; row += 4u) {
    let a = V(x[at]);
    let b = V(x[at + stride]);
    let c = V(x[at + 2u * stride]);
    let d = V(x[at + 3u * stride]);
    at += 4u * stride;
    let mean4 = ((a + b) + (c + d)) * 0.25;
    total += mean4;
    let da = a - mean4;
    let db = b - mean4;
    let dc = c - mean4;
    let dd = d - mean4;
    let delta = mean4 - mean;
    let share = 4.0 / f32(row + 4u);
    mean += delta * share;
    m2 += ((da * da + db * db) + (dc * dc + dd * dd)) + delta * delta * (f32(row) * share);
  }
  for (; row < rows; row++) {
    let value = V(x[at]);
    let delta = value - mean;
    total += value;
    at += stride;
    let share = 1.0 / f32(row + 1u);
    mean += delta * share;
    m2 += delta * delta * (f32(row) * share);
  }
  // Chan's formula makes NaN of an infinite mean, a sum does not.
  partials[index] = select(total, mean, isFinite(mean));
  partials[stride + index] = m2;
}
