// result[i] = x[offset + Σ (index_d − before_d) · stride_d], or `value` where an index lies outside x.
//
// The one kernel behind transpose, slice, flip, pad and broadcasting: index is the element's position in the result,
// split over its dimensions (innermost first); stride is x's own, permuted for a transpose and 0 for a broadcast axis;
// before is the padding in front (a slice starts at its negative, one with steps at an offset; strides of a flip are
// negative, modulo 2³²). Grid: one invocation per element of the result.
struct Dimension { extent: u32, before: i32, length: u32, stride: u32 }
//#uniforms
@group(0) @binding(1) var<storage, read> x: array<{{TYPE}}>;
@group(0) @binding(2) var<storage, read_write> result: array<{{TYPE}}>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * (groups.x * 64u) + id.x;
  if (i >= uniforms.count) { return; }
  var rest = i;
  var at = uniforms.offset;
  var inside = true;
  for (var d = 0u; d < uniforms.rank; d++) {
    let words = uniforms.dimensions[d];
    let dimension = Dimension(words.x, bitcast<i32>(words.y), words.z, words.w);
    let index = i32(rest % dimension.extent) - dimension.before;
    rest = rest / dimension.extent;
    inside = inside && index >= 0 && index < i32(dimension.length);
    at += u32(index) * dimension.stride;
  }
  if (inside) { result[i] = x[at]; } else { result[i] = {{TYPE}}(uniforms.value); }
}
