// Convolution as a gather, with operands staged in workgroup memory. Mathematics and uniforms: gather.interface.wgsl.
//
// GEMM view: M = positions (n, qh, qw), N = output channels, K = (i, j, k) flattened and, where there are few tiles, cut into
// slabs; A is gathered from x, B is the weight. Tile: EXTENT positions x EXTENT channels in steps of STEP along K, by
// matmul/tile.ts: while one step is multiplied, the next is on its way from memory to registers. Padding, and what lies beyond
// the last position, channel or K, is staged as zero. With STATISTICS each tile also yields the mean and M2 of every channel over its
// positions, of values as they are stored. Grid: x, y: position tiles (folded), z: slabs * groups * channel tiles.

//#if STATISTICS
@group(0) @binding(5) var<storage, read_write> partials: array<f32>; // [2 (mean, M2), tiles, outC]
//#end

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
  let at = min(index, shape.positions - 1u);
  let line = at / shape.cols;
  let image = line / shape.rows;
  return Position(
    image * shape.inH,
    i32((line - image * shape.rows) * shape.inStepH) + shape.inStartH,
    i32((at - line * shape.cols) * shape.inStepW) + shape.inStartW,
    index < shape.positions,
  );
}

fn stepAt(k: u32) -> Step {
  let tap = k / shape.groupIn;
  let tapH = tap / shape.tapsW;
  return Step(tapH, tap - tapH * shape.tapsW, k - tap * shape.groupIn);
}

// Element of x that `position` meets at `step`, or -1 in the padding.
fn inputIndex(position: Position, step: Step, firstChannel: u32) -> i32 {
  let ih = position.top + i32(step.tapH) * shape.tapStepH;
  let iw = position.left + i32(step.tapW) * shape.tapStepW;
  let inside = position.exists && u32(ih) < shape.inH && u32(iw) < shape.inW;
  return select(-1, i32(((position.line + u32(ih)) * shape.inW + u32(iw)) * shape.inC + firstChannel + step.channel), inside);
}

fn weightIndex(step: Step, channel: u32, first: u32) -> u32 {
  let tap = first + step.tapH * shape.weightTapH + step.tapW * shape.weightTapW;
  return tap + step.channel * shape.weightK + channel * shape.weightN;
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
//#end
  return value;
}

//#if ALONG_K
// Weights for k .. k+3 of one channel.
fn loadB(channel: u32, k: u32, end: u32, first: u32) -> vec4f {
  var value = vec4f();
  if (channel >= shape.groupOut) {
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
//#end
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
  if (channel < shape.groupOut) {
    value = weight[at / 4u];
  }
//#else
  for (var e = 0u; e < min(4u, shape.groupOut - min(channel, shape.groupOut)); e++) {
    value[e] = weight[at + e];
  }
//#end
  return value;
}
//#end

@compute @workgroup_size({{THREADS}})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) index: u32,
{{INPUTS}}
) {
  let firstPosition = (group.y * groups.x + group.x) * {{EXTENT}}u;
  let slab = group.z / (shape.groups * shape.channelTiles);
  let tile = group.z - slab * shape.groups * shape.channelTiles;
  let channelGroup = tile / shape.channelTiles;
  let firstChannel = (tile - channelGroup * shape.channelTiles) * {{EXTENT}}u;
  let firstWeight = shape.weightStart + channelGroup * shape.weightGroup;
  let firstInput = channelGroup * shape.groupIn;
  let begin = slab * shape.slabDepth;
  let end = min(begin + shape.slabDepth, shape.tapsH * shape.tapsW * shape.groupIn);
  // The first half of the invocations stages A, the second B, each in blocks of four lines (positions or channels) by four k:
  // loaded along k and written across the lines, since a vec4 in workgroup memory must have one writer. Where the weight's
  // channels are contiguous, each loads four of them at k of its own.
  let stagesA = index < {{EXTENT}}u;
  let block = index % {{EXTENT}}u;
  let line = (block / 4u) * 4u;
  let quadK = (block % 4u) * 4u;
  let ownLine = block % {{QUADS}}u;
  let ownK = block / {{QUADS}}u;
  //#unroll r 4
  let position{{r}} = positionAt(firstPosition + line + {{r}}u);
  //#end
  let place = Place(slab, firstPosition, firstChannel, channelGroup);

{{ACCUMULATORS}}
  for (var k = begin; k < end + {{STEP}}u; k += {{STEP}}u) {
    //#unroll s SWEEPS
    //#unroll r 4
    var next{{s}}_{{r}} = vec4f();
    //#end
    //#end
    if (stagesA) {
      //#unroll s SWEEPS
      //#unroll r 4
      next{{s}}_{{r}} = loadA(position{{r}}, k + quadK + {{s*16}}u, end, firstInput);
      //#end
      //#end
    } else {
      //#unroll s SWEEPS
      //#unroll r 4
      //#if ALONG_K
      next{{s}}_{{r}} = loadB(firstChannel + line + {{r}}u, k + quadK + {{s*16}}u, end, firstWeight);
      //#else
      next{{s}}_{{r}} = loadB(firstChannel + ownLine * 4u, k + ownK + {{s*16+r*4}}u, end, firstWeight);
      //#end
      //#end
      //#end
    }
    if (k > begin) {
{{MULTIPLY}}
    }
    workgroupBarrier();
    if (stagesA) {
      //#unroll s SWEEPS
      //#unroll r 4
      stageA(quadK + {{s*16+r}}u, line / 4u, vec4f(next{{s}}_0[{{r}}], next{{s}}_1[{{r}}], next{{s}}_2[{{r}}], next{{s}}_3[{{r}}]));
      //#end
      //#end
    } else {
      //#unroll s SWEEPS
      //#unroll r 4
      //#if ALONG_K
      stageB(quadK + {{s*16+r}}u, line / 4u, vec4f(next{{s}}_0[{{r}}], next{{s}}_1[{{r}}], next{{s}}_2[{{r}}], next{{s}}_3[{{r}}]));
      //#else
      stageB(ownK + {{s*16+r*4}}u, ownLine, next{{s}}_{{r}});
      //#end
      //#end
      //#end
    }
    workgroupBarrier();
  }

{{EMIT}}
}

// Where a tile lies.
struct Place {
  slab: u32,
  firstPosition: u32,
  firstChannel: u32,
  channelGroup: u32,
}

// Returns what it stores, of which there is none outside the result.
fn emit(place: Place, row: u32, column: u32, sums: vec4f) -> vec4f {
  let position = place.firstPosition + row;
  let channel = place.firstChannel + column;
  if (position >= shape.positions || channel >= shape.groupOut) {
    return vec4f();
  }
  let outChannel = place.channelGroup * shape.groupOut + channel;
  var value = sums;
  if (shape.hasBias != 0u && place.slab == 0u) {
    for (var e = 0u; e < min(4u, shape.groupOut - channel); e++) {
      value[e] += bias[outChannel + e];
    }
  }
//#if RELU
  value = rectify(value);
//#end
  let line = position / shape.cols;
  let image = line / shape.rows;
  let oh = shape.outStartH + (line - image * shape.rows) * shape.outStepH;
  let ow = shape.outStartW + (position - line * shape.cols) * shape.outStepW;
  let at = place.slab * shape.slabSize + ((image * shape.outH + oh) * shape.outW + ow) * shape.outC + outChannel;
//#if ROUNDED
  // Drivers take a conversion to f16 and back for nothing.
  value = quantizeToF16(value);
//#end
  let stored = vec4<{{Y}}>(value);
//#if VECTOR_OUT
  y[at / 4u] = stored;
//#else
  for (var e = 0u; e < min(4u, shape.groupOut - channel); e++) {
    y[at + e] = stored[e];
  }
//#end
  return value;
}
//#if STATISTICS

fn rowsOf(place: Place) -> u32 {
  return min({{EXTENT}}u, shape.positions - min(place.firstPosition, shape.positions));
}

// Moments over the tile's positions, as batch-norm/statistics-combine.wgsl wants them: of one channel, or of four.
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
//#end

fn keepOne(place: Place, channel: u32, mean: f32, m2: f32) {
  if (place.firstPosition >= shape.positions || channel >= shape.groupOut) {
    return;
  }
  let tiles = (shape.positions + {{EXTENT}}u - 1u) / {{EXTENT}}u;
  let at = place.firstPosition / {{EXTENT}}u * shape.outC + place.channelGroup * shape.groupOut + channel;
  partials[at] = mean;
  partials[tiles * shape.outC + at] = m2;
}
//#end
