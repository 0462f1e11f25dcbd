// Expected coordinate of each map of p = [maps of one image: height × width × channels], images outermost:
//   out = (Σ p·x, Σ p·y),  x_j = (2j − (width − 1)) / divisor,  y_i = (2i − (height − 1)) / divisor.
// The numerators are whole numbers, so the division comes last.
//
// The {{LANES}} lanes of a workgroup share a map: each adds its cells lane, lane + {{LANES}}, …; a tree adds the lanes,
// or the subgroup that they are. The order is fixed, so the same input gives the same bits.
//
// Grid: one workgroup per (image, channel), linear, channel fastest.
//#uniforms
@group(0) @binding(1) var<storage, read> probabilities: array<f32>; // [images, height, width, channels]
@group(0) @binding(2) var<storage, read_write> coordinates: array<f32>; // [images, channels, 2 (x, y)]

//#if PARALLEL
var<workgroup> lanes: array<vec2f, {{LANES}}>;
//#end if PARALLEL

@compute @workgroup_size({{LANES}})
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let map = workgroup.y * workgroups.x + workgroup.x;
  if (map >= uniforms.images * uniforms.channels) { return; }
  let cells = uniforms.height * uniforms.width;
  let first = map / uniforms.channels * cells * uniforms.channels + map % uniforms.channels;

  var sum = vec2f(0.0);
  for (var cell = lane; cell < cells; cell += {{LANES}}u) {
    let x = i32(2u * (cell % uniforms.width)) - i32(uniforms.width - 1u);
    let y = i32(2u * (cell / uniforms.width)) - i32(uniforms.height - 1u);
    sum += probabilities[first + cell * uniforms.channels] * vec2f(f32(x), f32(y));
  }
//#if SUBGROUP
  let all = subgroupAdd(sum);
//#else
  lanes[lane] = sum;
  for (var half = {{LANES}}u / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { lanes[lane] += lanes[lane + half]; }
  }
  let all = lanes[0];
//#end if SUBGROUP
  if (lane > 0u) { return; }
  let total = all / vec2f(uniforms.x_divisor, uniforms.y_divisor);
  coordinates[2u * map] = total.x;
  coordinates[2u * map + 1u] = total.y;
}
