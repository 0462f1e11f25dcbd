// exchanged[g, k, tap, o] = weight[g, o, tap, k]: a convolution's weight with its channels exchanged within each group.
// One invocation per BLOCK x BLOCK values of (o, k); BLOCK is 4 where both come in fours, else 1. Grid: linear, folded.

struct Shape {
  invocations: u32,
  outer: u32, // values of o in a group
  taps: u32,
  inner: u32, // values of k
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> weight: array<{{ELEMENT}}>;
@group(0) @binding(2) var<storage, read_write> exchanged: array<{{ELEMENT}}>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * (groups.x * 64u) + id.x;
  if (index >= shape.invocations) {
    return;
  }
  // index counts blocks of (g, tap, o, k).
  let blocksK = shape.inner / {{BLOCK}}u;
  let blocksO = shape.outer / {{BLOCK}}u;
  let line = index / blocksK;
  let k = (index - line * blocksK) * {{BLOCK}}u;
  let plane = line / blocksO;
  let o = (line - plane * blocksO) * {{BLOCK}}u;
  let group = plane / shape.taps;
  let tap = plane - group * shape.taps;
  //#unroll r BLOCK
  let row{{r}} = weight[(((group * shape.outer + o + {{r}}u) * shape.taps + tap) * shape.inner + k) / {{BLOCK}}u];
  //#end
  //#unroll c BLOCK
  exchanged[(((group * shape.inner + k + {{c}}u) * shape.taps + tap) * shape.outer + o) / {{BLOCK}}u] = {{COLUMN_{{c}}}};
  //#end
}
