// Gradient of max pooling, gathered: each cell adds up dy of the windows over it whose maximum it was,
//   dx[cell] = Σ over windows w with argmax[w] = cell of dy[w].
//
// Grid: one invocation per cell and group of {{WIDTH}} channels, linear, group fastest.
alias V = {{VECTOR}};
alias Stored = {{STORED}};
alias I = {{INDEX_VECTOR}};

@group(0) @binding(1) var<storage, read> dy: array<Stored>;
@group(0) @binding(2) var<storage, read> argmax: array<I>;
@group(0) @binding(3) var<storage, read_write> dx: array<Stored>;

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
  let cell = I(row * uniforms.width + column);

  var total = V(0.0);
  for (var o = rows.x; o < rows.y; o++) {
    for (var p = columns.x; p < columns.y; p++) {
      let at = ((image + o) * uniforms.out_width + p) * uniforms.groups + group;
      total += select(V(0.0), V(dy[at]), argmax[at] == cell);
    }
  }
  dx[index] = Stored(total);
}
