// Batch normalization, backward, second pass: adds the parts' partial sums,
//   bias gradient = Σ dz,  weight gradient = Σ dz·x̂,
// and keeps both divided by the number of rows (share = 1/rows) for gradient-input.wgsl.
//
// A lane adds the parts lane, lane + {{LANES}}, … in that order, then a tree adds the lanes: a fixed order, the same
// bits.
//
// Grid: one workgroup of {{LANES}} lanes per group of {{WIDTH}} channels, linear.
alias V = {{VECTOR}};

struct Sums { dz: V, dz_normalized: V }

//#uniforms
@group(0) @binding(1) var<storage, read> partials: array<V>; // [2 (Σ dz, Σ dz·x̂), parts, groups]
@group(0) @binding(2) var<storage, read_write> weight_gradient: array<V>;
@group(0) @binding(3) var<storage, read_write> bias_gradient: array<V>;
@group(0) @binding(4) var<storage, read_write> shares: array<V>; // [2 (of dz, of dz·x̂), groups]

//#if PARALLEL
var<workgroup> lanes: array<Sums, {{LANES}}>;
//#end if PARALLEL

@compute @workgroup_size({{LANES}})
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.y * workgroups.x + workgroup.x;
  if (group >= uniforms.groups) { return; }

  var total = Sums(V(0.0), V(0.0));
  for (var part = lane; part < uniforms.parts; part += {{LANES}}u) {
    let at = part * uniforms.groups + group;
    total.dz += partials[at];
    total.dz_normalized += partials[uniforms.parts * uniforms.groups + at];
  }
//#if PARALLEL
  lanes[lane] = total;
  for (var half = {{LANES}}u / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      lanes[lane].dz += lanes[lane + half].dz;
      lanes[lane].dz_normalized += lanes[lane + half].dz_normalized;
    }
  }
  if (lane > 0u) { return; }
  total = lanes[0];
//#end if PARALLEL

  weight_gradient[group] = total.dz_normalized;
  bias_gradient[group] = total.dz;
  shares[group] = total.dz * uniforms.share;
  shares[uniforms.groups + group] = total.dz_normalized * uniforms.share;
}
