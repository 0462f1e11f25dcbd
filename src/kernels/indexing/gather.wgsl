// result[o, k, i] = x[o, index, i] with index = indices[o·indexOuter + k·indexStride + i·indexInner], for x viewed as
// [outer, extent, inner] and a result [outer, picked, inner]. Strides of 0 share indices between all o and i.
//
// A negative index counts from the end. One that lies outside picks {{NOTHING}}. Grid: one invocation per element of
// the result.
//#uniforms
@group(0) @binding(1) var<storage, read> x: array<{{X}}>;
@group(0) @binding(2) var<storage, read> indices: array<{{INDEX}}>;
@group(0) @binding(3) var<storage, read_write> result: array<{{X}}>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let element = id.y * (groups.x * 64u) + id.x;
  if (element >= uniforms.count) { return; }
  let i = element % uniforms.inner;
  let rest = element / uniforms.inner;
  let k = rest % uniforms.picked;
  let o = rest / uniforms.picked;
  var index = u32(indices[o * uniforms.indexOuter + k * uniforms.indexStride + i * uniforms.indexInner]);
//#if SIGNED
  if (index >= 0x80000000u) { index += uniforms.extent; }
//#end if SIGNED
  if (index < uniforms.extent) {
    result[element] = x[(o * uniforms.extent + index) * uniforms.inner + i];
  } else {
    result[element] = {{NOTHING}};
  }
}
