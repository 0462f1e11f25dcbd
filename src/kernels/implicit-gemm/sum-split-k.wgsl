// total[i] = sum over s of partial[s, i], in the order of s, with RELU not below 0. One invocation per element or vec4;
// grid: linear, folded.

//#uniforms
@group(0) @binding(1) var<storage, read> partial: array<{{ELEMENT}}>;
@group(0) @binding(2) var<storage, read_write> total: array<{{TOTAL}}>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * (groups.x * 64u) + id.x;
  if (index >= uniforms.size) {
    return;
  }
  var sum = partial[index];
  for (var split = 1u; split < uniforms.splits; split++) {
    sum += partial[split * uniforms.size + index];
  }
//#if RELU
  sum = rectify(sum);
//#end if RELU
  total[index] = {{TOTAL}}(sum);
}
