// Gradient of resize2d.wgsl by its input, gathered: each input cell adds up the output cells that it is a tap of,
//   dx[i, j] = Σ_o Σ_p rowWeight(o, i) · columnWeight(p, j) · dy[o, p].
// The weights are read from the table that the forward kernel reads; `ranges` holds, for each input row and then each
// input column, the range of output cells to visit. No atomics, a fixed order.
//
// Grid: one invocation per input cell and group of {{WIDTH}} channels, linear, group fastest.
alias V = {{VECTOR}};
alias Stored = {{STORED}};

//#uniforms
@group(0) @binding(1) var<storage, read> dy: array<Stored>;
@group(0) @binding(2) var<storage, read> taps: array<vec4u>; // output rows, then output columns
@group(0) @binding(3) var<storage, read> ranges: array<vec2u>; // [begin, end) for input rows, then input columns
@group(0) @binding(4) var<storage, read_write> dx: array<Stored>;

// What an output cell's gradient gives to an input cell. The end cell may be both of its taps: then one weight is 0,
// which still makes NaN of an infinite gradient, as in the forward pass.
fn share_of(cell: u32, tap: vec4u, gradient: V) -> V {
//#if NEAREST
  return select(V(0.0), gradient, tap.x == cell);
//#else
  let weights = bitcast<vec2f>(tap.zw);
  return select(V(0.0), weights.x * gradient, tap.x == cell) + select(V(0.0), weights.y * gradient, tap.y == cell);
//#end if NEAREST
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let index = id.y * (workgroups.x * 64u) + id.x;
  if (index >= uniforms.images * uniforms.height * uniforms.width * uniforms.groups) { return; }
  let group = index % uniforms.groups;
  let cell = index / uniforms.groups;
  let row = cell / uniforms.width % uniforms.height;
  let column = cell % uniforms.width;
  let image = cell / uniforms.width / uniforms.height * uniforms.out_height;
  let rows = ranges[row];
  let columns = ranges[uniforms.height + column];

  var total = V(0.0);
  for (var o = rows.x; o < rows.y; o++) {
    var along_row = V(0.0);
    for (var p = columns.x; p < columns.y; p++) {
      let gradient = V(dy[((image + o) * uniforms.out_width + p) * uniforms.groups + group]);
      along_row += share_of(column, taps[uniforms.out_height + p], gradient);
    }
    total += share_of(row, taps[o], along_row);
  }
  dx[index] = Stored(total);
}
