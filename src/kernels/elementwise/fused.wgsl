// result[i] = a chain of element-by-element operations, {{NAME}}: intermediates stay in registers.
//
// Every operand has the result's shape or is a single value (bit k of `single`). Four elements per invocation.
// Grid: one invocation per four elements, in one dimension folded over two.
alias T = vec4<f32>;

struct Sizes { count: u32, single: u32, zero: i32, {{PARAMETERS}} }
@group(0) @binding(0) var<uniform> sizes: Sizes;
{{BINDINGS}}

// The same value, but no compiler knows: they replace x - x by 0 and (x + y) - x by y, which is not so for NaN and
// infinity, nor for rounding.
fn hidden(value: T, times: i32) -> T {
  return bitcast<T>(bitcast<vec4<i32>>(value) ^ vec4<i32>(sizes.zero * times));
}

{{FUNCTIONS}}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = id.y * (groups.x * 64u) + id.x;
  if (i >= sizes.count) { return; }
  {{STEPS}}
}
