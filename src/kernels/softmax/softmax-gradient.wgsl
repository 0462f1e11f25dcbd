// Gradient of softmax over the middle axis of [outer, reduce, inner], from its result y and the gradient dy by it:
//   softmax: dx = y·(dy − Σ y·dy);  with LOG (y is a log-softmax): dx = dy − exp(y)·Σ dy.
//
// Rows and lanes as in softmax.wgsl; the sum is joined by a tree in a fixed order.
//
// Grid: one workgroup per {{ROWS}} rows, linear; {{LANES}} × {{ROWS}} invocations, rows fastest.
//#uniforms
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

//#if PARALLEL
var<workgroup> lanes: array<f32, {{LANES}} * {{ROWS}}>;
//#end if PARALLEL

@compute @workgroup_size({{ROWS}}, {{LANES}})
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let row = (workgroup.y * workgroups.x + workgroup.x) * {{ROWS}}u + local.x;
  let lane = local.y;
  let first = row / uniforms.inner * uniforms.reduce * uniforms.inner + row % uniforms.inner;
  // Surplus invocations have no elements, but meet the others at the barriers.
  let count = select(0u, uniforms.reduce, row < uniforms.rows);

  var sum = 0.0;
  for (var r = lane; r < count; r += {{LANES}}u) {
    let at = first + r * uniforms.inner;
//#if LOG
    sum += dy[at];
//#else
    sum += y[at] * dy[at];
//#end if LOG
  }
//#if SUBGROUP
  sum = subgroupAdd(sum);
//#end if SUBGROUP
//#if PARALLEL
  let slot = local.x * {{LANES}}u;
  lanes[slot + lane] = sum;
  for (var half = {{LANES}}u / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { lanes[slot + lane] += lanes[slot + lane + half]; }
  }
  workgroupBarrier();
  sum = lanes[slot];
//#end if PARALLEL

  for (var r = lane; r < count; r += {{LANES}}u) {
    let at = first + r * uniforms.inner;
//#if LOG
    dx[at] = dy[at] - keepNan(exp(y[at]), y[at]) * sum;
//#else
    dx[at] = y[at] * (dy[at] - sum);
//#end if LOG
  }
}
