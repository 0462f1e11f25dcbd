// Gradient of resize2d.wgsl by its input, gathered: each input cell adds up the output cells that it is a tap of,
//   dx[i, j] = Σ_o Σ_p rowWeight(o, i) · columnWeight(p, j) · dy[o, p].
// The weights are read from the table that the forward kernel reads; `ranges` holds, for each input row and then each
// input column, the range of output cells to visit. No atomics, a fixed order.
//
// Grid: one invocation per input cell and group of {{WIDTH}} channels, linear, group fastest.
struct Params { images: u32, height: u32, width: u32, groups: u32, out_height: u32, out_width: u32 }

alias V = {{VECTOR}};
alias Stored = {{STORED}};

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<Stored>;
@group(0) @binding(2) var<storage, read> taps: array<vec4<u32>>; // output rows, then output columns
@group(0) @binding(3) var<storage, read> ranges: array<vec2<u32>>; // [begin, end) for input rows, then input columns
@group(0) @binding(4) var<storage, read_write> dx: array<Stored>;

// What an output cell's gradient gives to an input cell. The end cell may be both of its taps: then one weight is 0,
// which still makes NaN of an infinite gradient, as in the forward pass.
fn share_of(cell: u32, tap: vec4<u32>, gradient: V) -> V {
//#if NEAREST
  return select(V(0.0), gradient, tap.x == cell);
//#else
  let weights = bitcast<vec2<f32>>(tap.zw);
  return select(V(0.0), weights.x * gradient, tap.x == cell) + select(V(0.0), weights.y * gradient, tap.y == cell);
//#end
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
  let index = id.y * (workgroups.x * 64u) + id.x;
  if (index >= params.images * params.height * params.width * params.groups) { return; }
  let group = index % params.groups;
  let cell = index / params.groups;
  let row = cell / params.width % params.height;
  let column = cell % params.width;
  let image = cell / params.width / params.height * params.out_height;
  let rows = ranges[row];
  let columns = ranges[params.height + column];

  var total = V(0.0);
  for (var o = rows.x; o < rows.y; o++) {
    var along_row = V(0.0);
    for (var p = columns.x; p < columns.y; p++) {
      let gradient = V(dy[((image + o) * params.out_width + p) * params.groups + group]);
      along_row += share_of(column, taps[params.out_height + p], gradient);
    }
    total += share_of(row, taps[o], along_row);
  }
  dx[index] = Stored(total);
}
