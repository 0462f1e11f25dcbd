// y[i] = x[i] in y's type, by the expression {{VALUE}}, four elements per invocation.
//#uniforms
@group(0) @binding(1) var<storage, read> x: array<vec4<{{X}}>>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<{{Y}}>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * (groups.x * 64u) + id.x;
  if (i >= uniforms.vectors) { return; }
  y[i] = {{VALUE}};
}
