// Batch normalization, forward, second pass: the parts' (mean, M2) become the mean and the biased variance M2/rows of
// each channel.
//
// A lane joins the parts lane, lane + {{LANES}}, … in that order, then a tree joins the lanes: the order is fixed, so
// the same input gives the same bits. What a part is, and the formula: moments.wgsl. A part's count follows from its
// index; with BLOCKS it holds blockRows rows that follow one another (what a tile of a convolution made), otherwise
// each parts-th.
//
// Grid: one workgroup of {{LANES}} lanes per group of {{WIDTH}} channels, linear.
//#uniforms
@group(0) @binding(1) var<storage, read> partials: array<V>; // [2 (mean, M2), parts, groups]
@group(0) @binding(2) var<storage, read_write> mean: array<V>;
@group(0) @binding(3) var<storage, read_write> variance: array<V>;

//#if PARALLEL
var<workgroup> lanes: array<Moments, {{LANES}}>;
//#end if PARALLEL

@compute @workgroup_size({{LANES}})
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.y * workgroups.x + workgroup.x;
  if (group >= uniforms.groups) { return; }

  var total = Moments(0.0, V(0.0), V(0.0));
  for (var part = lane; part < uniforms.parts; part += {{LANES}}u) {
    let at = part * uniforms.groups + group;
//#if BLOCKS
    let count = f32(min(uniforms.blockRows, uniforms.rows - part * uniforms.blockRows));
//#else
    let count = f32((uniforms.rows - part + uniforms.parts - 1u) / uniforms.parts);
//#end if BLOCKS
    total = join(total, Moments(count, partials[at], partials[uniforms.parts * uniforms.groups + at]));
  }
//#if PARALLEL
  lanes[lane] = total;
  for (var half = {{LANES}}u / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { lanes[lane] = join(lanes[lane], lanes[lane + half]); }
  }
  if (lane > 0u) { return; }
  total = lanes[0];
//#end if PARALLEL

  mean[group] = total.mean;
  variance[group] = total.m2 / f32(uniforms.rows);
}
