// Gradient of average pooling, gathered: each cell adds up dy / divisor of the windows over it, the divisor being the
// window's size or, with INSIDE_ONLY, the number of its cells that lie in the image.
//
// Grid: one invocation per cell and group of {{WIDTH}} channels, linear, group fastest.
alias V = {{VECTOR}};
alias Stored = {{STORED}};

@group(0) @binding(1) var<storage, read> dy: array<Stored>;
@group(0) @binding(2) var<storage, read_write> dx: array<Stored>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
  let index = id.y * (workgroups.x * 64u) + id.x;
  if (index >= params.images * params.height * params.width * params.groups) { return; }
  let group = index % params.groups;
  let pixel = index / params.groups;
  let row = pixel / params.width % params.height;
  let column = pixel % params.width;
  let image = pixel / params.width / params.height * params.out_height;
  let rows = windows_over_row(row);
  let columns = windows_over_column(column);

  var total = V(0.0);
  for (var o = rows.x; o < rows.y; o++) {
    for (var p = columns.x; p < columns.y; p++) {
      let gradient = V(dy[((image + o) * params.out_width + p) * params.groups + group]);
//#if INSIDE_ONLY
      let height = rows_under(o);
      let width = columns_under(p);
      total += gradient / f32((height.y - height.x) * (width.y - width.x));
//#else
      total += gradient / f32(params.kernel_height * params.kernel_width);
//#end
    }
  }
  dx[index] = Stored(total);
}
