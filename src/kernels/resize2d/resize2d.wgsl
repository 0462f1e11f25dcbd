// Resizes the two middle axes of x = [images, height, width, channels].
//   bilinear: y = Σ over 2 rows and 2 columns of rowWeight · columnWeight · x;  with NEAREST: y = x at the one tap.
// `taps` holds, for each output row and then each output column, its two source cells and the bits of their weights.
//
// Grid: one invocation per output cell and group of {{WIDTH}} channels, linear, group fastest.
struct Params { images: u32, height: u32, width: u32, groups: u32, out_height: u32, out_width: u32 }

alias V = {{VECTOR}};
alias Stored = {{STORED}};

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Stored>;
@group(0) @binding(2) var<storage, read> taps: array<vec4<u32>>; // rows, then columns
@group(0) @binding(3) var<storage, read_write> y: array<Stored>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
  let index = id.y * (workgroups.x * 64u) + id.x;
  if (index >= params.images * params.out_height * params.out_width * params.groups) { return; }
  let group = index % params.groups;
  let cell = index / params.groups;
  let row = taps[cell / params.out_width % params.out_height];
  let column = taps[params.out_height + cell % params.out_width];
  let image = cell / params.out_width / params.out_height * params.height;

  let first_row = (image + row.x) * params.width;
//#if NEAREST
  y[index] = x[(first_row + column.x) * params.groups + group];
//#else
  let second_row = (image + row.y) * params.width;
  let column_weight = bitcast<vec2<f32>>(column.zw);
  let row_weight = bitcast<vec2<f32>>(row.zw);
  let first = column_weight.x * V(x[(first_row + column.x) * params.groups + group]) +
    column_weight.y * V(x[(first_row + column.y) * params.groups + group]);
  let second = column_weight.x * V(x[(second_row + column.x) * params.groups + group]) +
    column_weight.y * V(x[(second_row + column.y) * params.groups + group]);
  y[index] = Stored(row_weight.x * first + row_weight.y * second);
//#end
}
