//#if SUBGROUP
enable subgroups;

//#end
// Expected coordinate of each map of p = [maps of one image: height × width × channels], images outermost:
//   out = (Σ p·x, Σ p·y),  x_j = (2j − (width − 1)) / divisor,  y_i = (2i − (height − 1)) / divisor.
// The numerators are whole numbers, so the division comes last.
//
// The {{LANES}} lanes of a workgroup share a map: each adds its cells lane, lane + {{LANES}}, …; a tree adds the lanes, or the
// subgroup that they are. The order is fixed, so the same input gives the same bits.
//
// Grid: one workgroup per (image, channel), linear, channel fastest.
struct Params { images: u32, height: u32, width: u32, channels: u32, x_divisor: f32, y_divisor: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> probabilities: array<f32>; // [images, height, width, channels]
@group(0) @binding(2) var<storage, read_write> coordinates: array<f32>; // [images, channels, 2 (x, y)]

//#if PARALLEL
var<workgroup> lanes: array<vec2<f32>, {{LANES}}>;
//#end

@compute @workgroup_size({{LANES}})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let map = workgroup.y * workgroups.x + workgroup.x;
  if (map >= params.images * params.channels) { return; }
  let cells = params.height * params.width;
  let first = map / params.channels * cells * params.channels + map % params.channels;

  var sum = vec2<f32>(0.0);
  for (var cell = lane; cell < cells; cell += {{LANES}}u) {
    let x = i32(2u * (cell % params.width)) - i32(params.width - 1u);
    let y = i32(2u * (cell / params.width)) - i32(params.height - 1u);
    sum += probabilities[first + cell * params.channels] * vec2<f32>(f32(x), f32(y));
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
//#end
  if (lane > 0u) { return; }
  let total = all / vec2<f32>(params.x_divisor, params.y_divisor);
  coordinates[2u * map] = total.x;
  coordinates[2u * map + 1u] = total.y;
}
