// exchanged[g, k, tap, o] = weight[g, o, tap, k]: a convolution's weight with its channels exchanged within each group.
// One invocation per BLOCK x BLOCK values of (o, k); BLOCK is 4 where both come in fours, else 1. Grid: linear, folded.

//#uniforms
@group(0) @binding(1) var<storage, read> weight: array<{{ELEMENT}}>;
@group(0) @binding(2) var<storage, read_write> exchanged: array<{{ELEMENT}}>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * (groups.x * 64u) + id.x;
  if (index >= uniforms.invocations) {
    return;
  }
  // index counts blocks of (g, tap, o, k).
  let blocksK = uniforms.inner / {{BLOCK}}u;
  let blocksO = uniforms.outer / {{BLOCK}}u;
  let line = index / blocksK;
  let k = (index - line * blocksK) * {{BLOCK}}u;
  let plane = line / blocksO;
  let o = (line - plane * blocksO) * {{BLOCK}}u;
  let group = plane / uniforms.taps;
  let tap = plane - group * uniforms.taps;
  //#unroll r BLOCK
  let row{{r}} = weight[(((group * uniforms.outer + o + {{r}}u) * uniforms.taps + tap) * uniforms.inner + k) / {{BLOCK}}u];
  //#end unroll r
  //#unroll c BLOCK
  exchanged[(((group * uniforms.inner + k + {{c}}u) * uniforms.taps + tap) * uniforms.outer + o) / {{BLOCK}}u] = {{COLUMN_{{c}}}};
  //#end unroll c
}
