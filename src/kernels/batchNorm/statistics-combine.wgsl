// Batch normalisation, forward, second pass: the slabs' (mean, M2) become the mean and the biased variance M2/rows of
// each channel.
//
// A lane joins the slabs lane, lane + {{LANES}}, … in that order, then a tree joins the lanes: the order is fixed, so the same
// input gives the same bits. Chan's formula as in statistics.wgsl; a slab's count follows from its index.
//
// Grid: one workgroup of {{LANES}} lanes per group of {{WIDTH}} channels, linear.
struct Params { rows: u32, groups: u32, slabs: u32 }

alias V = {{VECTOR}};

struct Moments { count: f32, mean: V, m2: V }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partials: array<V>; // [2 (mean, M2), slabs, groups]
@group(0) @binding(2) var<storage, read_write> mean: array<V>;
@group(0) @binding(3) var<storage, read_write> variance: array<V>;

//#if PARALLEL
var<workgroup> lanes: array<Moments, {{LANES}}>;
//#end

fn join(a: Moments, b: Moments) -> Moments {
  let count = a.count + b.count;
  let share = b.count / max(count, 1.0);
  let delta = b.mean - a.mean;
  return Moments(count, a.mean + delta * share, a.m2 + b.m2 + delta * delta * (a.count * share));
}

@compute @workgroup_size({{LANES}})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.y * workgroups.x + workgroup.x;
  if (group >= params.groups) { return; }

  var total = Moments(0.0, V(0.0), V(0.0));
  for (var slab = lane; slab < params.slabs; slab += {{LANES}}u) {
    let at = slab * params.groups + group;
    let count = f32((params.rows - slab + params.slabs - 1u) / params.slabs);
    total = join(total, Moments(count, partials[at], partials[params.slabs * params.groups + at]));
  }
//#if PARALLEL
  lanes[lane] = total;
  for (var half = {{LANES}}u / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { lanes[lane] = join(lanes[lane], lanes[lane + half]); }
  }
  if (lane > 0u) { return; }
  total = lanes[0];
//#end

  mean[group] = total.mean;
  variance[group] = total.m2 / f32(params.rows);
}
