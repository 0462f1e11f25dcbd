// Average pooling of x = [images, height, width, channels]: the sum of the image's cells under each window, divided by
// the window's size or, with INSIDE_ONLY, by the number of those cells.
//
// Grid: one invocation per window and group of {{WIDTH}} channels, linear, group fastest.
alias V = {{VECTOR}};
alias Stored = {{STORED}};

@group(0) @binding(1) var<storage, read> x: array<Stored>;
@group(0) @binding(2) var<storage, read_write> y: array<Stored>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let index = id.y * (workgroups.x * 64u) + id.x;
  if (index >= uniforms.images * uniforms.out_height * uniforms.out_width * uniforms.groups) { return; }
  let group = index % uniforms.groups;
  let window = index / uniforms.groups;
  let rows = rows_under(window / uniforms.out_width % uniforms.out_height);
  let columns = columns_under(window % uniforms.out_width);
  let image = window / uniforms.out_width / uniforms.out_height * uniforms.height;

  var total = V(0.0);
  for (var row = rows.x; row < rows.y; row++) {
    for (var column = columns.x; column < columns.y; column++) {
      total += V(x[((image + row) * uniforms.width + column) * uniforms.groups + group]);
    }
  }
//#if INSIDE_ONLY
  y[index] = Stored(total / f32((rows.y - rows.x) * (columns.y - columns.x)));
//#else
  y[index] = Stored(total / f32(uniforms.kernel_height * uniforms.kernel_width));
//#end if INSIDE_ONLY
}
