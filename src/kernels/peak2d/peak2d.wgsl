// Cell with the largest value of each map of x = [maps of one image: height × width × channels], images outermost:
//   out = (column, row) of the first cell, in row-major order, that no other exceeds;
//   NaN exceeds all numbers, as in torch.argmax.
//
// The {{LANES}} lanes of a workgroup share a map: each keeps the best of its cells lane, lane + {{LANES}}, …; a tree
// joins the lanes, and of equal values the earlier cell wins, so the order in which lanes meet does not matter.
//
// Grid: one workgroup per (image, channel), linear, channel fastest.
//#uniforms
@group(0) @binding(1) var<storage, read> x: array<f32>; // [images, height, width, channels]
@group(0) @binding(2) var<storage, read_write> peaks: array<f32>; // [images, channels, 2 (column, row)]

var<workgroup> values: array<f32, {{LANES}}>;
var<workgroup> cells: array<u32, {{LANES}}>;

@compute @workgroup_size({{LANES}})
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let map = workgroup.y * workgroups.x + workgroup.x;
  if (map >= uniforms.images * uniforms.channels) { return; }
  let count = uniforms.height * uniforms.width;
  let first = map / uniforms.channels * count * uniforms.channels + map % uniforms.channels;

  // A lane without cells of its own stands for the first one, which changes nothing.
  var best = select(0u, lane, lane < count);
  var value = x[first + best * uniforms.channels];
  for (var cell = lane + {{LANES}}u; cell < count; cell += {{LANES}}u) {
    let own = x[first + cell * uniforms.channels];
    if (exceeds(own, value)) {
      value = own;
      best = cell;
    }
  }
  values[lane] = value;
  cells[lane] = best;
  for (var half = {{LANES}}u / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      let other = values[lane + half];
      let cell = cells[lane + half];
      if (exceeds(other, values[lane]) || (!exceeds(values[lane], other) && cell < cells[lane])) {
        values[lane] = other;
        cells[lane] = cell;
      }
    }
  }
  if (lane > 0u) { return; }
  peaks[2u * map] = f32(cells[0] % uniforms.width);
  peaks[2u * map + 1u] = f32(cells[0] / uniforms.width);
}
