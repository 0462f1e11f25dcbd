// exchanged[g, k, tap, o] = weight[g, o, tap, k]: a convolution's weight with its channels exchanged within each group.
// One invocation per result, or per four neighbouring o; grid: linear, folded.

struct Shape {
  invocations: u32,
  outer: u32, // values of o in a group
  taps: u32,
  inner: u32, // values of k
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> exchanged: array<{{ELEMENT}}>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * (groups.x * 64u) + id.x;
  if (index >= shape.invocations) {
    return;
  }
  //#if VECTOR
  let quads = shape.outer / 4u;
  let line = index / quads; // (g, k, tap)
  let o = (index - line * quads) * 4u;
  //#else
  let line = index / shape.outer;
  let o = index - line * shape.outer;
  //#end
  let channel = line / shape.taps; // (g, k)
  let tap = line - channel * shape.taps;
  let group = channel / shape.inner;
  let k = channel - group * shape.inner;
  let stride = shape.taps * shape.inner;
  let at = (group * shape.outer + o) * stride + tap * shape.inner + k;
  //#if VECTOR
  exchanged[index] = vec4f(weight[at], weight[at + stride], weight[at + 2u * stride], weight[at + 3u * stride]);
  //#else
  exchanged[index] = weight[at];
  //#end
}
