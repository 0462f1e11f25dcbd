//#if SUBGROUP
enable subgroups;

//#end
// Gradient of softmax over the middle axis of [outer, reduce, inner], from its result y and the gradient dy by it:
//   softmax: dx = y·(dy − Σ y·dy);  with LOG (y is a log-softmax): dx = dy − exp(y)·Σ dy.
//
// Rows and lanes as in softmax.wgsl; the sum is joined by a tree in a fixed order.
//
// Grid: one workgroup per {{ROWS}} rows, linear; {{LANES}} × {{ROWS}} invocations, rows fastest.
struct Params { rows: u32, reduce: u32, inner: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

//#if PARALLEL
var<workgroup> lanes: array<f32, {{LANES}} * {{ROWS}}>;
//#end

@compute @workgroup_size({{ROWS}}, {{LANES}})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let row = (workgroup.y * workgroups.x + workgroup.x) * {{ROWS}}u + local.x;
  let lane = local.y;
  let first = row / params.inner * params.reduce * params.inner + row % params.inner;
  // Surplus invocations have no elements, but meet the others at the barriers.
  let count = select(0u, params.reduce, row < params.rows);

  var sum = 0.0;
  for (var r = lane; r < count; r += {{LANES}}u) {
    let at = first + r * params.inner;
//#if LOG
    sum += dy[at];
//#else
    sum += y[at] * dy[at];
//#end
  }
//#if SUBGROUP
  sum = subgroupAdd(sum);
//#end
//#if PARALLEL
  let slot = local.x * {{LANES}}u;
  lanes[slot + lane] = sum;
  for (var half = {{LANES}}u / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { lanes[slot + lane] += lanes[slot + lane + half]; }
  }
  workgroupBarrier();
  sum = lanes[slot];
//#end

  for (var r = lane; r < count; r += {{LANES}}u) {
    let at = first + r * params.inner;
//#if LOG
    dx[at] = dy[at] - keepNan(exp(y[at]), y[at]) * sum;
//#else
    dx[at] = y[at] * (dy[at] - sum);
//#end
  }
}
