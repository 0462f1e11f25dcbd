// Softmax over the middle axis of x = [outer, reduce, inner]:
//   y = exp(x − m) / s,  m = max x,  s = Σ exp(x − m);  with LOG, y = (x − m) − log s.
// There are outer × inner rows of `reduce` elements, `inner` apart.
//
// {{LANES}} lanes share a row. Each finds m and s of its elements lane, lane + {{LANES}}, …; a tree in a fixed order
// joins the pairs, (m, s) = (max(m₁, m₂), s₁·exp(m₁ − m) + s₂·exp(m₂ − m)); all lanes write. With SUBGROUP the lanes
// are a subgroup, which finds the common m before the sums.
//
// Grid: one workgroup per {{ROWS}} rows, linear; {{LANES}} × {{ROWS}} invocations, rows fastest.
const LOWEST = -3.4028234663852886e38;

//#uniforms
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

// e to the x. A NaN may escape the search for m, but not the sum, and so reaches the whole row.
fn power(x: f32) -> f32 {
  return keepNan(exp(x), x);
}

//#if PARALLEL
var<workgroup> lanes: array<vec2f, {{LANES}} * {{ROWS}}>;

fn join(a: vec2f, b: vec2f) -> vec2f {
  let highest = max(a.x, b.x);
  return vec2f(highest, a.y * power(a.x - highest) + b.y * power(b.x - highest));
}
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

  var highest = LOWEST;
  for (var r = lane; r < count; r += {{LANES}}u) { highest = max(highest, x[first + r * uniforms.inner]); }
//#if SUBGROUP
  highest = subgroupMax(highest);
//#end if SUBGROUP
  var sum = 0.0;
  for (var r = lane; r < count; r += {{LANES}}u) { sum += power(x[first + r * uniforms.inner] - highest); }
//#if SUBGROUP
  sum = subgroupAdd(sum);
//#end if SUBGROUP
//#if PARALLEL
  let slot = local.x * {{LANES}}u;
  lanes[slot + lane] = vec2f(highest, sum);
  for (var half = {{LANES}}u / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { lanes[slot + lane] = join(lanes[slot + lane], lanes[slot + lane + half]); }
  }
  workgroupBarrier();
  highest = lanes[slot].x;
  sum = lanes[slot].y;
//#end if PARALLEL

//#if LOG
  let log_sum = keepNan(log(sum), sum);
//#end if LOG
  for (var r = lane; r < count; r += {{LANES}}u) {
    let at = first + r * uniforms.inner;
//#if LOG
    y[at] = (x[at] - highest) - log_sum;
//#else
    y[at] = power(x[at] - highest) / sum;
//#end if LOG
  }
}
