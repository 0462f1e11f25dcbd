// Resizes the two middle axes of x = [images, height, width, channels].
//   bilinear: y = Σ over 2 rows and 2 columns of rowWeight · columnWeight · x;  with NEAREST: y = x at the one tap.
// `taps` holds, for each output row and then each output column, its two source cells and the bits of their weights.
//
// Grid: one invocation per output cell and group of {{WIDTH}} channels, linear, group fastest.
alias V = {{VECTOR}};
alias Stored = {{STORED}};

//#uniforms
@group(0) @binding(1) var<storage, read> x: array<Stored>;
@group(0) @binding(2) var<storage, read> taps: array<vec4u>; // rows, then columns
@group(0) @binding(3) var<storage, read_write> y: array<Stored>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let index = id.y * (workgroups.x * 64u) + id.x;
  if (index >= uniforms.images * uniforms.out_height * uniforms.out_width * uniforms.groups) { return; }
  let group = index % uniforms.groups;
  let cell = index / uniforms.groups;
  let row = taps[cell / uniforms.out_width % uniforms.out_height];
  let column = taps[uniforms.out_height + cell % uniforms.out_width];
  let image = cell / uniforms.out_width / uniforms.out_height * uniforms.height;

  let first_row = (image + row.x) * uniforms.width;
//#if NEAREST
  y[index] = x[(first_row + column.x) * uniforms.groups + group];
//#else
  let second_row = (image + row.y) * uniforms.width;
  let column_weight = bitcast<vec2f>(column.zw);
  let row_weight = bitcast<vec2f>(row.zw);
  let first = column_weight.x * V(x[(first_row + column.x) * uniforms.groups + group]) +
    column_weight.y * V(x[(first_row + column.y) * uniforms.groups + group]);
  let second = column_weight.x * V(x[(second_row + column.x) * uniforms.groups + group]) +
    column_weight.y * V(x[(second_row + column.y) * uniforms.groups + group]);
  y[index] = Stored(row_weight.x * first + row_weight.y * second);
//#end if NEAREST
}
