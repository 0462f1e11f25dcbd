// out[i] = a[i] + b[i], four elements per invocation. The gradients that reach a tensor along two paths.
//#uniforms
@group(0) @binding(1) var<storage, read> a: array<vec4<{{A}}>>;
@group(0) @binding(2) var<storage, read> b: array<vec4<{{B}}>>;
@group(0) @binding(3) var<storage, read_write> result: array<vec4<{{RESULT}}>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * (groups.x * 64u) + id.x;
  if (i >= uniforms.vectors) { return; }
  result[i] = vec4<{{RESULT}}>(vec4f(a[i]) + vec4f(b[i]));
}
