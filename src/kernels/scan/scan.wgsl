// One pass of a running sum along the middle axis of x [outer, extent, inner]: y[p] = x[p] + x[p − distance], or x[p +
// distance] where the sum runs backwards. After passes of distance 1, 2, 4, … each y has the sum of all up to its
// place, in a fixed order (Hillis and Steele, Data parallel algorithms, 1986). Grid: one invocation per element.
//#uniforms
@group(0) @binding(1) var<storage, read> x: array<{{X}}>;
@group(0) @binding(2) var<storage, read_write> y: array<{{Y}}>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * (groups.x * 64u) + id.x;
  if (i >= uniforms.count) { return; }
  let p = i / uniforms.inner % uniforms.extent;
  let value = {{Y}}(x[i]);
  if (uniforms.reverse == 0u && p >= uniforms.distance) {
    y[i] = value + {{Y}}(x[i - uniforms.distance * uniforms.inner]);
  } else if (uniforms.reverse == 1u && p + uniforms.distance < uniforms.extent) {
    y[i] = value + {{Y}}(x[i + uniforms.distance * uniforms.inner]);
  } else {
    y[i] = value;
  }
}
