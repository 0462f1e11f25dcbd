// Max pooling of x = [images, height, width, channels]: y is the largest value under each window, `argmax` the cell it
// came from (row · width + column), the first in row-major order where several are equal. A NaN wins, as in PyTorch.
// Padding counts as −∞: the window is cut to the image, in which at least one of its cells always lies.
//
// Grid: one invocation per window and group of {{WIDTH}} channels, linear, group fastest.
alias V = {{VECTOR}};
alias Stored = {{STORED}};
alias I = {{INDEX_VECTOR}};

@group(0) @binding(1) var<storage, read> x: array<Stored>;
@group(0) @binding(2) var<storage, read_write> y: array<Stored>;
@group(0) @binding(3) var<storage, read_write> argmax: array<I>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let index = id.y * (workgroups.x * 64u) + id.x;
  if (index >= uniforms.images * uniforms.out_height * uniforms.out_width * uniforms.groups) { return; }
  let group = index % uniforms.groups;
  let window = index / uniforms.groups;
  let rows = rows_under(window / uniforms.out_width % uniforms.out_height);
  let columns = columns_under(window % uniforms.out_width);
  let image = window / uniforms.out_width / uniforms.out_height * uniforms.height * uniforms.width;

  var best_cell = I(rows.x * uniforms.width + columns.x);
  var best = V(x[(image + rows.x * uniforms.width + columns.x) * uniforms.groups + group]);
  for (var row = rows.x; row < rows.y; row++) {
    for (var column = columns.x; column < columns.y; column++) {
      let cell = row * uniforms.width + column;
      let value = V(x[(image + cell) * uniforms.groups + group]);
      let better = exceeds(value, best) | isNan(value);
      best = select(best, value, better);
      best_cell = select(best_cell, I(cell), better);
    }
  }
  y[index] = Stored(best);
  argmax[index] = best_cell;
}
