// result[i] = a chain of element-by-element operations, {{NAME}}: intermediates stay in registers.
//
// Every operand has the result's shape or is a single value (bit k of `single`). Four elements per invocation.
// Grid: one invocation per four elements, in one dimension folded over two.
alias T = vec4f;

//#uniforms
{{BINDINGS}}

// The same value, but no compiler knows: they replace x - x by 0 and (x + y) - x by y, which is not so for NaN and
// infinity, nor for rounding.
fn hidden(value: T, times: i32) -> T {
  return bitcast<T>(bitcast<vec4i>(value) ^ vec4i(uniforms.zero * times));
}

{{FUNCTIONS}}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * (groups.x * 64u) + id.x;
  if (i >= uniforms.count) { return; }
  {{STEPS}}
}
