// Convolution as an implicit GEMM, with operands staged in workgroup memory. Mathematics and uniforms:
// implicit-gemm.interface.wgsl.
//
// GEMM view: M = positions (n, qh, qw), N = output channels, K = (i, j, k) flattened and, where there are few tiles,
// cut into splits; A is gathered from x, B is the weight. Tile: EXTENT positions x EXTENT channels in steps of STEP
// along K, by implicit-gemm/tile.ts: while one step is multiplied, the next is on its way from memory to registers.
// Padding, and what lies beyond the last position, channel or K, is staged as zero. With STATISTICS each tile also
// yields the mean and M2 of every channel over its positions, of values as they are stored. Grid: x, y: position tiles
// (folded), z: splits * groups * channel tiles.

//#if STATISTICS
@group(0) @binding(5) var<storage, read_write> partials: array<f32>; // [2 (mean, M2), tiles, outC]
//#end if STATISTICS

// A position of the result: its image, where its window begins, and whether it exists.
struct Position {
  line: u32,
  top: i32,
  left: i32,
  exists: bool,
}

// One step of K, taken apart.
struct Step {
  tapH: u32,
  tapW: u32,
  channel: u32,
}

fn positionAt(index: u32) -> Position {
  let at = min(index, uniforms.positions - 1u);
  let line = at / uniforms.cols;
  let image = line / uniforms.rows;
  return Position(
    image * uniforms.inH,
    i32((line - image * uniforms.rows) * uniforms.inStepH) + uniforms.inStartH,
    i32((at - line * uniforms.cols) * uniforms.inStepW) + uniforms.inStartW,
    index < uniforms.positions,
  );
}

fn stepAt(k: u32) -> Step {
  let tap = k / uniforms.groupIn;
  let tapH = tap / uniforms.tapsW;
  return Step(tapH, tap - tapH * uniforms.tapsW, k - tap * uniforms.groupIn);
}

// Element of x that `position` meets at `step`, or -1 in the padding.
fn inputIndex(position: Position, step: Step, firstChannel: u32) -> i32 {
  let ih = position.top + i32(step.tapH) * uniforms.tapStepH;
  let iw = position.left + i32(step.tapW) * uniforms.tapStepW;
  let inside = position.exists && u32(ih) < uniforms.inH && u32(iw) < uniforms.inW;
  return select(-1, i32(((position.line + u32(ih)) * uniforms.inW + u32(iw)) * uniforms.inC + firstChannel + step.channel), inside);
}

fn weightIndex(step: Step, channel: u32, first: u32) -> u32 {
  let tap = first + step.tapH * uniforms.weightTapH + step.tapW * uniforms.weightTapW;
  return tap + step.channel * uniforms.weightK + channel * uniforms.weightN;
}

// Values of x for k .. k+3 at one position.
fn loadA(position: Position, k: u32, end: u32, firstChannel: u32) -> vec4f {
  var value = vec4f();
//#if VECTOR_IN
  if (k < end) {
    let at = inputIndex(position, stepAt(k), firstChannel);
    if (at >= 0) {
      value = vec4f(x[at / 4]);
    }
  }
//#else
  for (var e = 0u; e < min(4u, end - min(k, end)); e++) {
    let at = inputIndex(position, stepAt(k + e), firstChannel);
    if (at >= 0) {
      value[e] = f32(x[at]);
    }
  }
//#end if VECTOR_IN
  return value;
}

//#if ALONG_K
// Weights for k .. k+3 of one channel.
fn loadB(channel: u32, k: u32, end: u32, first: u32) -> vec4f {
  var value = vec4f();
  if (channel >= uniforms.groupOut) {
    return value;
  }
//#if VECTOR_WEIGHT
  if (k < end) {
    value = weight[weightIndex(stepAt(k), channel, first) / 4u];
  }
//#else
  for (var e = 0u; e < min(4u, end - min(k, end)); e++) {
    value[e] = weight[weightIndex(stepAt(k + e), channel, first)];
  }
//#end if VECTOR_WEIGHT
  return value;
}
//#else
// Weights for one k of channels channel .. channel+3.
fn loadB(channel: u32, k: u32, end: u32, first: u32) -> vec4f {
  var value = vec4f();
  if (k >= end) {
    return value;
  }
  let at = weightIndex(stepAt(k), channel, first);
//#if VECTOR_WEIGHT
  if (channel < uniforms.groupOut) {
    value = weight[at / 4u];
  }
//#else
  for (var e = 0u; e < min(4u, uniforms.groupOut - min(channel, uniforms.groupOut)); e++) {
    value[e] = weight[at + e];
  }
//#end if VECTOR_WEIGHT
  return value;
}
//#end if ALONG_K

@compute @workgroup_size({{THREADS}})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) index: u32,
{{INPUTS}}
) {
  let firstPosition = (group.y * groups.x + group.x) * {{EXTENT}}u;
  let split = group.z / (uniforms.groups * uniforms.channelTiles);
  let tile = group.z - split * uniforms.groups * uniforms.channelTiles;
  let channelGroup = tile / uniforms.channelTiles;
  let firstChannel = (tile - channelGroup * uniforms.channelTiles) * {{EXTENT}}u;
  let firstWeight = uniforms.weightStart + channelGroup * uniforms.weightGroup;
  let firstInput = channelGroup * uniforms.groupIn;
  let begin = split * uniforms.splitDepth;
  let end = min(begin + uniforms.splitDepth, uniforms.tapsH * uniforms.tapsW * uniforms.groupIn);
  // The first half of the invocations stages A, the second B, each in blocks of four lines (positions or channels) by
  // four k: loaded along k and written across the lines, since a vec4 in workgroup memory must have one writer. Where
  // the weight's channels are contiguous, each loads four of them at k of its own.
  let stagesA = index < {{EXTENT}}u;
  let block = index % {{EXTENT}}u;
  let line = (block / 4u) * 4u;
  let quadK = (block % 4u) * 4u;
  let ownLine = block % {{QUADS}}u;
  let ownK = block / {{QUADS}}u;
  //#unroll r 4
  let position{{r}} = positionAt(firstPosition + line + {{r}}u);
  //#end unroll r
  let place = Place(split, firstPosition, firstChannel, channelGroup);

{{ACCUMULATORS}}
  for (var k = begin; k < end + {{STEP}}u; k += {{STEP}}u) {
    //#unroll s SWEEPS
    //#unroll r 4
    var next{{s}}_{{r}} = vec4f();
    //#end unroll r
    //#end unroll s
    if (stagesA) {
      //#unroll s SWEEPS
      //#unroll r 4
      next{{s}}_{{r}} = loadA(position{{r}}, k + quadK + {{s*16}}u, end, firstInput);
      //#end unroll r
      //#end unroll s
    } else {
      //#unroll s SWEEPS
      //#unroll r 4
      //#if ALONG_K
      next{{s}}_{{r}} = loadB(firstChannel + line + {{r}}u, k + quadK + {{s*16}}u, end, firstWeight);
      //#else
      next{{s}}_{{r}} = loadB(firstChannel + ownLine * 4u, k + ownK + {{s*16+r*4}}u, end, firstWeight);
      //#end if ALONG_K
      //#end unroll r
      //#end unroll s
    }
    if (k > begin) {
{{MULTIPLY}}
    }
    workgroupBarrier();
    if (stagesA) {
      //#unroll s SWEEPS
      //#unroll r 4
      stageA(quadK + {{s*16+r}}u, line / 4u, vec4f(next{{s}}_0[{{r}}], next{{s}}_1[{{r}}], next{{s}}_2[{{r}}], next{{s}}_3[{{r}}]));
      //#end unroll r
      //#end unroll s
    } else {
      //#unroll s SWEEPS
      //#unroll r 4
      //#if ALONG_K
      stageB(quadK + {{s*16+r}}u, line / 4u, vec4f(next{{s}}_0[{{r}}], next{{s}}_1[{{r}}], next{{s}}_2[{{r}}], next{{s}}_3[{{r}}]));
      //#else
      stageB(ownK + {{s*16+r*4}}u, ownLine, next{{s}}_{{r}});
      //#end if ALONG_K
      //#end unroll r
      //#end unroll s
    }
    workgroupBarrier();
  }

{{EMIT}}
}

// Where a tile lies.
struct Place {
  split: u32,
  firstPosition: u32,
  firstChannel: u32,
  channelGroup: u32,
}

// Returns what it stores, of which there is none outside the result.
fn emit(place: Place, row: u32, column: u32, sums: vec4f) -> vec4f {
  let position = place.firstPosition + row;
  let channel = place.firstChannel + column;
  if (position >= uniforms.positions || channel >= uniforms.groupOut) {
    return vec4f();
  }
  let outChannel = place.channelGroup * uniforms.groupOut + channel;
  var value = sums;
  if (uniforms.hasBias != 0u && place.split == 0u) {
    for (var e = 0u; e < min(4u, uniforms.groupOut - channel); e++) {
      value[e] += bias[outChannel + e];
    }
  }
//#if RELU
  value = rectify(value);
//#end if RELU
  let line = position / uniforms.cols;
  let image = line / uniforms.rows;
  let oh = uniforms.outStartH + (line - image * uniforms.rows) * uniforms.outStepH;
  let ow = uniforms.outStartW + (position - line * uniforms.cols) * uniforms.outStepW;
  let at = place.split * uniforms.splitSize + ((image * uniforms.outH + oh) * uniforms.outW + ow) * uniforms.outC + outChannel;
//#if ROUNDED
  // Drivers take a conversion to f16 and back for nothing.
  value = quantizeToF16(value);
//#end if ROUNDED
  let stored = vec4<{{Y}}>(value);
//#if VECTOR_OUT
  y[at / 4u] = stored;
//#else
  for (var e = 0u; e < min(4u, uniforms.groupOut - channel); e++) {
    y[at + e] = stored[e];
  }
//#end if VECTOR_OUT
  return value;
}
//#if STATISTICS

fn rowsOf(place: Place) -> u32 {
  return min({{EXTENT}}u, uniforms.positions - min(place.firstPosition, uniforms.positions));
}

// Moments over the tile's positions, as implicit-gemm/statistics-combine.wgsl wants them: of one channel, or of four.
//#if MATRIX
fn keep(place: Place, column: u32, own: Moments) {
  keepOne(place, place.firstChannel + column, own.mean, own.m2);
}
//#else
fn keepQuad(place: Place, column: u32, own: Moments) {
  for (var e = 0u; e < 4u; e++) {
    keepOne(place, place.firstChannel + column + e, own.mean[e], own.m2[e]);
  }
}
//#end if MATRIX

fn keepOne(place: Place, channel: u32, mean: f32, m2: f32) {
  if (place.firstPosition >= uniforms.positions || channel >= uniforms.groupOut) {
    return;
  }
  let tiles = (uniforms.positions + {{EXTENT}}u - 1u) / {{EXTENT}}u;
  let at = place.firstPosition / {{EXTENT}}u * uniforms.outC + place.channelGroup * uniforms.groupOut + channel;
  partials[at] = mean;
  partials[tiles * uniforms.outC + at] = m2;
}
//#end if STATISTICS
