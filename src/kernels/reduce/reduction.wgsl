// partial[o, s, i] = combine over r = s, s + S, s + 2S, … < R of x[o, r, i], for x viewed as [outer, R, inner].
//
// With S = 1 that is the whole reduction. A long one runs in passes: S partial results first, then those are reduced in
// the same way; the order is fixed, so results are the same bits each time. Partial sums also keep rounding errors near
// those of pairwise summation. Neighbouring invocations read neighbouring elements: along `inner`, or along r.
// Grid: one invocation per partial result.
//#uniforms
@group(0) @binding(1) var<storage, read> x: array<{{X}}>;
@group(0) @binding(2) var<storage, read_write> partial: array<{{TOTAL}}>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * (groups.x * 64u) + id.x;
  if (index >= uniforms.outer * uniforms.parts * uniforms.inner) { return; }
  let i = index % uniforms.inner;
  let rest = index / uniforms.inner;
  let s = rest % uniforms.parts;
  let o = rest / uniforms.parts;
  let start = o * uniforms.reduced * uniforms.inner + i;
  var v = {{TOTAL}}(x[start + s * uniforms.inner]);
  var total = {{FIRST}};
  for (var r = s + uniforms.parts; r < uniforms.reduced; r += uniforms.parts) {
    v = {{TOTAL}}(x[start + r * uniforms.inner]);
    total = {{NEXT}};
  }
//#if SCALED
  partial[index] = total * uniforms.scale;
//#else
  partial[index] = total;
//#end if SCALED
}
