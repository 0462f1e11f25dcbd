// result[row · resultRow + offset + j] = x[row · inputRow + j] for j < inputRow: one input of a concatenation, whose
// rows of `inputRow` values go to a stretch of the result's longer rows. Grid: one invocation per {{TYPE}} of x.
struct Sizes { count: u32, inputRow: u32, resultRow: u32, offset: u32 }
@group(0) @binding(0) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> x: array<{{TYPE}}>;
@group(0) @binding(2) var<storage, read_write> result: array<{{TYPE}}>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = id.y * (groups.x * 64u) + id.x;
  if (i >= sizes.count) { return; }
  let row = i / sizes.inputRow;
  result[row * sizes.resultRow + sizes.offset + (i - row * sizes.inputRow)] = x[i];
}
