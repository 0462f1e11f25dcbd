// Gradient of average pooling, gathered: each cell adds up dy / divisor of the windows over it, the divisor being the
// window's size or, with INSIDE_ONLY, the number of its cells that lie in the image.
//
// Grid: one invocation per cell and group of {{WIDTH}} channels, linear, group fastest.
alias V = {{VECTOR}};
alias Stored = {{STORED}};

@group(0) @binding(1) var<storage, read> dy: array<Stored>;
@group(0) @binding(2) var<storage, read_write> dx: array<Stored>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let index = id.y * (workgroups.x * 64u) + id.x;
  if (index >= uniforms.images * uniforms.height * uniforms.width * uniforms.groups) { return; }
  let group = index % uniforms.groups;
  let pixel = index / uniforms.groups;
  let row = pixel / uniforms.width % uniforms.height;
  let column = pixel % uniforms.width;
  let image = pixel / uniforms.width / uniforms.height * uniforms.out_height;
  let rows = windows_over_row(row);
  let columns = windows_over_column(column);

  var total = V(0.0);
  for (var o = rows.x; o < rows.y; o++) {
    for (var p = columns.x; p < columns.y; p++) {
      let gradient = V(dy[((image + o) * uniforms.out_width + p) * uniforms.groups + group]);
//#if INSIDE_ONLY
      let height = rows_under(o);
      let width = columns_under(p);
      total += gradient / f32((height.y - height.x) * (width.y - width.x));
//#else
      total += gradient / f32(uniforms.kernel_height * uniforms.kernel_width);
//#end if INSIDE_ONLY
    }
  }
  dx[index] = Stored(total);
}
