// Gradients of group normalization by x, weight and bias, with x̂ = (x − mean) · inverse and means over a group:
//   dx = inverse · (weight·dy − mean(weight·dy) − x̂ · mean(weight·dy·x̂)),
//   dweight = Σ dy·x̂ and dbias = Σ dy, here for each sample: [samples, channels].
//
// The sums of dy and dy·x̂ of each channel come first, by columns as in lanes.wgsl, joined over the rows in order; the
// means over the group follow from them. Sums and products alone: NaN goes through by itself.
//
// Grid: one workgroup per group of a sample, linear; {{LANES}} invocations.
//#uniforms
@group(0) @binding(1) var<storage, read> x: array<{{X}}>;
@group(0) @binding(2) var<storage, read> dy: array<{{DY}}>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read> means: array<f32>;
@group(0) @binding(5) var<storage, read> inverses: array<f32>;
@group(0) @binding(6) var<storage, read_write> dx: array<{{X}}>;
@group(0) @binding(7) var<storage, read_write> dweight: array<f32>;
@group(0) @binding(8) var<storage, read_write> dbias: array<f32>;

//#if PARALLEL
var<workgroup> rowSums: array<vec2f, {{LANES}}>;
//#end if PARALLEL

@compute @workgroup_size({{LANES}})
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = workgroup.y * workgroups.x + workgroup.x;
  // A surplus workgroup: the whole of it leaves, before any barrier.
  if (index >= uniforms.samples * uniforms.groups) { return; }
  let part = partOf(index, lane);
  let size = f32(uniforms.positions * uniforms.width);
  let mean = means[index];
  let inverse = inverses[index];

  // Of weight·dy and weight·dy·x̂, over the channels of the lane.
  var total = vec2f();
  // Not `part.columns`, which has the same value: for WGSL, all of `part` differs from lane to lane, and here is a
  // barrier.
  for (var block = 0u; block < uniforms.width; block += min(uniforms.width, {{LANES}}u)) {
    let c = block + part.column;
    var sum = vec2f();
    if (c < uniforms.width) {
      for (var p = part.row; p < uniforms.positions; p += part.rows) {
        let i = part.first + p * uniforms.channels + c;
        let upstream = f32(dy[i]);
        sum += vec2f(upstream, upstream * ((f32(x[i]) - mean) * inverse));
      }
    }
//#if PARALLEL
    workgroupBarrier();
    rowSums[lane] = sum;
    workgroupBarrier();
    if (lane < part.columns) {
      for (var row = 1u; row < part.rows; row++) { sum += rowSums[row * part.columns + lane]; }
    }
//#end if PARALLEL
    if (lane < part.columns && c < uniforms.width) {
      let channel = part.channel + c;
      let own = index / uniforms.groups * uniforms.channels + channel;
      dbias[own] = sum.x;
      dweight[own] = sum.y;
      total += weight[channel] * sum;
    }
  }
  let upstreamMean = join(lane, total.x) / size;
  let slope = join(lane, total.y) / size;

  for (var p = part.row; p < uniforms.positions; p += part.rows) {
    for (var c = part.column; c < uniforms.width; c += part.columns) {
      let i = part.first + p * uniforms.channels + c;
      let normalized = (f32(x[i]) - mean) * inverse;
      dx[i] = {{X}}(inverse * (weight[part.channel + c] * f32(dy[i]) - upstreamMean - normalized * slope));
    }
  }
}
