// Root mean square normalization of the rows of x [rows, channels]:
//   r = 1 / sqrt(mean(x²) + eps),  y = x · r.
//
// {{LANES}} lanes share a row. Each sums the squares of its elements lane, lane + {{LANES}}, …; a tree in a fixed order
// joins the sums, so that the same inputs give the same bits. A NaN goes through sum and product by itself: nothing of
// nan.wgsl is needed.
//
// Grid: one workgroup per row, linear; {{LANES}} invocations.
//#uniforms
@group(0) @binding(1) var<storage, read> x: array<{{X}}>;
@group(0) @binding(2) var<storage, read_write> y: array<{{X}}>;
@group(0) @binding(3) var<storage, read_write> r: array<f32>;

//#if PARALLEL
var<workgroup> sums: array<f32, {{LANES}}>;
//#end if PARALLEL

@compute @workgroup_size({{LANES}})
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroup.y * workgroups.x + workgroup.x;
  // A surplus workgroup: the whole of it leaves, before any barrier.
  if (row >= uniforms.rows) { return; }
  let first = row * uniforms.channels;

  var sum = 0.0;
  for (var c = lane; c < uniforms.channels; c += {{LANES}}u) {
    let value = f32(x[first + c]);
    sum += value * value;
  }
//#if PARALLEL
  sums[lane] = sum;
  for (var half = {{LANES}}u / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { sums[lane] += sums[lane + half]; }
  }
  workgroupBarrier();
  sum = sums[0];
//#end if PARALLEL

  let inverse = 1.0 / sqrt(sum / f32(uniforms.channels) + uniforms.eps);
  for (var c = lane; c < uniforms.channels; c += {{LANES}}u) {
    y[first + c] = {{X}}(f32(x[first + c]) * inverse);
  }
  if (lane == 0u) { r[row] = inverse; }
}
