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

struct Position {
  image: u32,
  oh: u32,
  ow: u32,
}

fn positionAt(index: u32) -> Position {
  let line = index / uniforms.outW;
  let image = line / uniforms.outH;
  return Position(image, line - image * uniforms.outH, index - line * uniforms.outW);
}

// Where a column meets the first position of an output line in x, were there no padding on the left; -1 in the padding
// above and below.
fn lineIndex(column: Column, position: Position) -> i32 {
  let ih = i32(position.oh * uniforms.strideH) + column.top;
  let at = (position.image * uniforms.inH + u32(ih)) * uniforms.inW * uniforms.inC + column.channel;
  return select(-1, i32(at), u32(ih) < uniforms.inH);
}

// Element of x that a column meets in a line, or -1 in the padding.
fn inputIndex(column: Column, line: i32, ow: u32) -> i32 {
  let iw = i32(ow * uniforms.strideW) + column.left;
  return select(-1, line + iw * i32(uniforms.inC), line >= 0 && u32(iw) < uniforms.inW);
}

// Four values of gy at a position, from channel `row` of the group on.
fn loadA(position: u32, row: u32, channelGroup: u32) -> vec4f {
  var value = vec4f();
  if (row < uniforms.groupOut) {
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
  // The first half of the invocations stages A, the second B, each in blocks of four lines (rows or columns) by four
  // positions.
  let stagesA = index < {{EXTENT}}u;
  let block = index % {{EXTENT}}u;
  let ownLine = (block % {{QUADS}}u) * 4u;
  let ownK = (block / {{QUADS}}u) * 4u;
  //#if VECTOR_IN
  let column = columnAt(firstColumn + ownLine, channelGroup);
  // Where the block's line begins, and where in it the block is, which says nothing at first.
  //#unroll s SWEEPS
  var line{{s}} = 0;
  var ow{{s}} = uniforms.outW;
  //#end unroll s
  //#else
  //#unroll e 4
  let column{{e}} = columnAt(firstColumn + ownLine + {{e}}u, channelGroup);
  //#end unroll e
  //#end if VECTOR_IN
  let start = split * uniforms.size + channelGroup * uniforms.groupOut * uniforms.columns;
  let place = Place(start, firstRow, firstColumn);

{{ACCUMULATORS}}
  // While one step is multiplied, the next is on its way.
  let rounds = (end - begin + {{STEP}}u - 1u) / {{STEP}}u + 1u;
  for (var round = 0u; round < rounds; round++) {
    //#unroll s SWEEPS
    let first{{s}} = begin + round * {{STEP}}u + ownK + {{s*16}}u;
    var next{{s}} = mat4x4f();
    if (stagesA) {
      //#unroll r 4
      if (first{{s}} + {{r}}u < end) {
        next{{s}}[{{r}}] = loadA(first{{s}} + {{r}}u, firstRow + ownLine, channelGroup);
      }
      //#end unroll r
    } else {
      //#if VECTOR_IN
      if (ow{{s}} >= uniforms.outW) {
        let position = positionAt(first{{s}});
        line{{s}} = lineIndex(column, position);
        ow{{s}} = position.ow;
      }
      var at = vec4i();
      if (ow{{s}} + 3u < uniforms.outW) {
        //#unroll r 4
        at[{{r}}] = inputIndex(column, line{{s}}, ow{{s}} + {{r}}u);
        //#end unroll r
      } else {
        //#unroll r 4
        let position{{r}} = positionAt(first{{s}} + {{r}}u);
        at[{{r}}] = inputIndex(column, lineIndex(column, position{{r}}), position{{r}}.ow);
        //#end unroll r
      }
      ow{{s}} += {{STEP}}u;
      if (firstColumn + ownLine < uniforms.columns) {
        //#unroll r 4
        if (first{{s}} + {{r}}u < end && at[{{r}}] >= 0) {
          next{{s}}[{{r}}] = vec4f(x[u32(at[{{r}}]) / 4u]);
        }
        //#end unroll r
      }
      //#else
      //#unroll r 4
      if (first{{s}} + {{r}}u < end) {
        let position = positionAt(first{{s}} + {{r}}u);
        //#unroll e 4
        let at{{e}} = inputIndex(column{{e}}, lineIndex(column{{e}}, position), position.ow);
        if (firstColumn + ownLine + {{e}}u < uniforms.columns && at{{e}} >= 0) {
          next{{s}}[{{r}}][{{e}}] = f32(x[u32(at{{e}})]);
        }
        //#end unroll e
      }
      //#end unroll r
      //#end if VECTOR_IN
    }
    //#end unroll s
    if (round > 0u) {
{{MULTIPLY}}
    }
    workgroupBarrier();
    //#unroll s SWEEPS
    stageDepths(select({{COLUMNS_AT}}u, 0u, stagesA), ownLine, ownK + {{s*16}}u, next{{s}});
    //#end unroll s
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
