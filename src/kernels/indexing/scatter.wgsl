// result[o, j, i] = the sum of source[o, k, i] over all k whose index is j, for a source [outer, picked, inner] and a
// result [outer, extent, inner]. Indices are addressed as in gather.wgsl; `order` has the positions k sorted by index,
// equal ones by k.
//
// So the k of one j lie side by side: a binary search finds the first, and they are added in the order of k. Nothing is
// added atomically, and the same inputs give the same bits. Grid: one invocation per element of the result.
//#uniforms
@group(0) @binding(1) var<storage, read> source: array<{{SOURCE}}>;
@group(0) @binding(2) var<storage, read> indices: array<{{INDEX}}>;
@group(0) @binding(3) var<storage, read> order: array<u32>;
@group(0) @binding(4) var<storage, read_write> result: array<{{RESULT}}>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let element = id.y * (groups.x * 64u) + id.x;
  if (element >= uniforms.count) { return; }
  let i = element % uniforms.inner;
  let rest = element / uniforms.inner;
  let j = {{INDEX}}(rest % uniforms.extent);
  let o = rest / uniforms.extent;
  let first = o * uniforms.indexOuter + i * uniforms.indexInner;
  var low = 0u;
  var high = uniforms.picked;
  while (low < high) {
    let middle = (low + high) / 2u;
    let k = order[first + middle * uniforms.indexStride];
    if (indices[first + k * uniforms.indexStride] < j) { low = middle + 1u; } else { high = middle; }
  }
  var total = {{RESULT}}(0);
  for (; low < uniforms.picked; low++) {
    let k = order[first + low * uniforms.indexStride];
    if (indices[first + k * uniforms.indexStride] != j) { break; }
    total += {{RESULT}}(source[(o * uniforms.picked + k) * uniforms.inner + i]);
  }
  result[element] = total;
}
