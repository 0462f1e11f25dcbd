// partial[o, s, i] = combine over r = s, s + S, s + 2S, … < R of x[o, r, i], for x viewed as [outer, R, inner].
//
// With S = 1 that is the whole reduction. A long one runs in passes: S partial results first, then those are reduced in
// the same way; the order is fixed, so results are the same bits each time. Partial sums also keep rounding errors near
// those of pairwise summation. Neighbouring invocations read neighbouring elements: along `inner`, or along r.
// Grid: one invocation per partial result.
struct Sizes { outer: u32, reduced: u32, inner: u32, parts: u32, scale: f32 }
@group(0) @binding(0) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> x: array<{{X}}>;
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let index = id.y * (groups.x * 64u) + id.x;
  if (index >= sizes.outer * sizes.parts * sizes.inner) { return; }
  let i = index % sizes.inner;
  let rest = index / sizes.inner;
  let s = rest % sizes.parts;
  let o = rest / sizes.parts;
  let start = o * sizes.reduced * sizes.inner + i;
  var v = f32(x[start + s * sizes.inner]);
  var total = {{FIRST}};
  for (var r = s + sizes.parts; r < sizes.reduced; r += sizes.parts) {
    v = f32(x[start + r * sizes.inner]);
    total = {{NEXT}};
  }
  partial[index] = total * sizes.scale;
}
