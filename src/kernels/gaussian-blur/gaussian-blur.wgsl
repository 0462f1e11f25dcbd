// One pass of a separable blur: y[p] = Σ_k w[|k|] · x[mirrored(p + k)] along the axis `extent` of x = [images, outer,
// extent, inner], |k| up to the image's radius, with the weights that weights.wgsl wrote.
//
// An invocation computes four neighbours p … p + 3 of the axis. It reads each x from p − r to p + 3 + r once and adds
// it to all four, with the weights w[|q − p|] … w[|q − p − 3|], which are those of the cell before, moved up by one.
// KEEP: an image without blur is copied from `sharp`. Otherwise it is left out, and nobody reads what lies there.
//
// Grid: one invocation per four cells of the axis and vector of `inner`, linear, inner fastest.
alias V = {{VECTOR}};

//#uniforms
@group(0) @binding(1) var<storage, read> weights: array<f32>; // [images, 1 + length]
@group(0) @binding(2) var<storage, read> x: array<V>;
@group(0) @binding(3) var<storage, read_write> y: array<V>;
//#if KEEP
@group(0) @binding(4) var<storage, read> sharp: array<V>;
//#end if KEEP

// The cell that mirrors at the first and the last one show at `position`.
fn mirrored(position: i32) -> u32 {
  let last = i32(uniforms.extent) - 1;
//#if MIRRORS
  let folded = abs(position) % max(2 * last, 1);
//#else
  let folded = abs(position);
//#end if MIRRORS
  // Only for a cell beyond the end of the axis, which is not stored, can this be below 0.
  return u32(max(min(folded, 2 * last - folded), 0));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let index = id.y * (workgroups.x * 64u) + id.x;
  if (index >= uniforms.count) { return; }
  let runs = (uniforms.extent + 3u) / 4u;
  let i = index % uniforms.inner;
  let start = index / uniforms.inner % runs * 4u;
  let row = index / uniforms.inner / runs;
  let table = row / uniforms.outer * (uniforms.length + 1u);
  let base = row * uniforms.extent * uniforms.inner + i;
  let cells = min(4u, uniforms.extent - start);
  let radius = i32(weights[table]);

  if (radius == 0) {
//#if KEEP
    for (var k = 0u; k < cells; k++) {
      let at = base + (start + k) * uniforms.inner;
      y[at] = sharp[at];
    }
//#end if KEEP
    return;
  }

  var sums = array<V, 4>();
  var w = vec4f(0.0);
  for (var d = -radius; d <= radius + 3; d++) {
    w = vec4f(weights[table + 1u + u32(abs(d))], w.xyz);
    let value = x[base + mirrored(i32(start) + d) * uniforms.inner];
    // Not w · value everywhere: beyond the radius w is 0, but value may be NaN.
    let within = abs(vec4i(d) - vec4i(0, 1, 2, 3)) <= vec4i(radius);
    sums[0] += select(V(0.0), w.x * value, within.x);
    sums[1] += select(V(0.0), w.y * value, within.y);
    sums[2] += select(V(0.0), w.z * value, within.z);
    sums[3] += select(V(0.0), w.w * value, within.w);
  }
  for (var k = 0u; k < cells; k++) { y[base + (start + k) * uniforms.inner] = sums[k]; }
}
