// Gradient of a convolution by its weight, with operands staged in workgroup memory. Mathematics, uniforms and the
// split into splits: weight-gradient.lanes.wgsl.
//
// GEMM view: M = o, N = (i, j, k) as it lies in memory, K = (n, oh, ow) of this split. Tile: EXTENT o x EXTENT columns
// in steps of STEP positions, by implicit-gemm/tile.ts; gy and the gathered x are staged as they lie, position
// outermost, and while one step is multiplied the next is on its way from memory to registers. Grid: x: column tiles,
// y: row tiles, z: splits * groups.

//#uniforms
//#if VECTOR_IN
@group(0) @binding(1) var<storage, read> x: array<vec4<{{X}}>>;
@group(0) @binding(3) var<storage, read_write> partial: array<vec4f>;
//#else
@group(0) @binding(1) var<storage, read> x: array<{{X}}>;
@group(0) @binding(3) var<storage, read_write> partial: array<f32>;
//#end if VECTOR_IN
//#if VECTOR_OUT
@group(0) @binding(2) var<storage, read> gy: array<vec4<{{GY}}>>;
//#else
@group(0) @binding(2) var<storage, read> gy: array<{{GY}}>;
//#end if VECTOR_OUT

// A column: where its tap lies relative to the window's stride position, and its channel of x.
struct Column {
  top: i32,
  left: i32,
  channel: u32,
}

fn columnAt(column: u32, channelGroup: u32) -> Column {
  let tap = column / uniforms.groupIn;
  let i = tap / uniforms.kernelW;
  return Column(
    i32(i * uniforms.dilationH) - i32(uniforms.paddingH),
    i32((tap - i * uniforms.kernelW) * uniforms.dilationW) - i32(uniforms.paddingW),
    column - tap * uniforms.groupIn + channelGroup * uniforms.groupIn,
  );
}

// Element of x that a column meets at an output position, or -1 in the padding.
fn inputIndex(column: Column, position: u32) -> i32 {
  let line = position / uniforms.outW;
  let image = line / uniforms.outH;
  let ih = i32((line - image * uniforms.outH) * uniforms.strideH) + column.top;
  let iw = i32((position - line * uniforms.outW) * uniforms.strideW) + column.left;
  let inside = u32(ih) < uniforms.inH && u32(iw) < uniforms.inW;
  return select(-1, i32(((image * uniforms.inH + u32(ih)) * uniforms.inW + u32(iw)) * uniforms.inC + column.channel), inside);
}

// Four values of gy at a position, from channel `row` of the group on.
fn loadA(position: u32, end: u32, row: u32, channelGroup: u32) -> vec4f {
  var value = vec4f();
  if (position < end && row < uniforms.groupOut) {
    let at = position * uniforms.outC + channelGroup * uniforms.groupOut + row;
//#if VECTOR_OUT
    value = vec4f(gy[at / 4u]);
//#else
    for (var e = 0u; e < min(4u, uniforms.groupOut - row); e++) {
      value[e] = f32(gy[at + e]);
    }
//#end if VECTOR_OUT
  }
  return value;
}

// Four columns of the gathered x at a position.
fn loadB(position: u32, end: u32, column: u32, channelGroup: u32) -> vec4f {
  var value = vec4f();
  if (position < end && column < uniforms.columns) {
//#if VECTOR_IN
    let at = inputIndex(columnAt(column, channelGroup), position);
    if (at >= 0) {
      value = vec4f(x[at / 4]);
    }
//#else
    for (var e = 0u; e < min(4u, uniforms.columns - column); e++) {
      let at = inputIndex(columnAt(column + e, channelGroup), position);
      if (at >= 0) {
        value[e] = f32(x[at]);
      }
    }
//#end if VECTOR_IN
  }
  return value;
}

@compute @workgroup_size({{THREADS}})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) index: u32,
{{INPUTS}}
) {
  let firstRow = group.y * {{EXTENT}}u;
  let firstColumn = group.x * {{EXTENT}}u;
  let split = group.z / uniforms.groups;
  let channelGroup = group.z - split * uniforms.groups;
  let begin = split * uniforms.splitLines * uniforms.outW;
  let end = min((split + 1u) * uniforms.splitLines, uniforms.lines) * uniforms.outW;
  // What this invocation stages: four rows and four columns at every eighth of a step's positions.
  let ownLine = (index % {{QUADS}}u) * 4u;
  let ownK = index / {{QUADS}}u;
  let start = split * uniforms.size + channelGroup * uniforms.groupOut * uniforms.columns;
  let place = Place(start, firstRow, firstColumn);

{{ACCUMULATORS}}
  for (var position = begin; position < end + {{STEP}}u; position += {{STEP}}u) {
    //#unroll r POSITION_SWEEPS
    let nextA{{r}} = loadA(position + ownK + {{r*8}}u, end, firstRow + ownLine, channelGroup);
    let nextB{{r}} = loadB(position + ownK + {{r*8}}u, end, firstColumn + ownLine, channelGroup);
    //#end unroll r
    if (position > begin) {
{{MULTIPLY}}
    }
    workgroupBarrier();
    //#unroll r POSITION_SWEEPS
    stageA(ownK + {{r*8}}u, ownLine / 4u, nextA{{r}});
    stageB(ownK + {{r*8}}u, ownLine / 4u, nextB{{r}});
    //#end unroll r
    workgroupBarrier();
  }

{{EMIT}}
}

// Where a tile lies: its part of `partial`, and in it.
struct Place {
  start: u32,
  firstRow: u32,
  firstColumn: u32,
}

fn emit(place: Place, ownRow: u32, ownColumn: u32, value: vec4f) {
  let row = place.firstRow + ownRow;
  let column = place.firstColumn + ownColumn;
  if (row >= uniforms.groupOut || column >= uniforms.columns) {
    return;
  }
  let at = place.start + row * uniforms.columns + column;
//#if VECTOR_IN
  partial[at / 4u] = value;
//#else
  for (var e = 0u; e < min(4u, uniforms.columns - column); e++) {
    partial[at + e] = value[e];
  }
//#end if VECTOR_IN
}
