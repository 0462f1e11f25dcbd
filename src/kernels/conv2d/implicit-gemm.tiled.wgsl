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

// A position of the result.
struct Position {
  image: u32,
  row: u32,
  col: u32,
}

// One step of K, taken apart.
struct Step {
  tapH: u32,
  tapW: u32,
  channel: u32,
}

fn positionAt(index: u32) -> Position {
  let line = index / uniforms.cols;
  let image = line / uniforms.rows;
  return Position(image, line - image * uniforms.rows, index - line * uniforms.cols);
}

fn nextPosition(position: Position) -> Position {
  let wraps = position.col + 1u == uniforms.cols;
  let row = position.row + u32(wraps);
  let wrapsTwice = row == uniforms.rows;
  return Position(position.image + u32(wrapsTwice), select(row, 0u, wrapsTwice), select(position.col + 1u, 0u, wraps));
}

fn stepAt(k: u32) -> Step {
  let tap = k / uniforms.groupIn;
  let tapH = tap / uniforms.tapsW;
  return Step(tapH, tap - tapH * uniforms.tapsW, k - tap * uniforms.groupIn);
}

// Where `position` meets the first channel of a tap in x, or -1 in the padding.
fn inputIndex(position: Position, step: Step, firstChannel: u32) -> i32 {
  let ih = i32(position.row * uniforms.inStepH) + uniforms.inStartH + i32(step.tapH) * uniforms.tapStepH;
  let iw = i32(position.col * uniforms.inStepW) + uniforms.inStartW + i32(step.tapW) * uniforms.tapStepW;
  let at = ((position.image * uniforms.inH + u32(ih)) * uniforms.inW + u32(iw)) * uniforms.inC + firstChannel;
  return select(-1, i32(at), u32(ih) < uniforms.inH && u32(iw) < uniforms.inW);
}

// The same of four positions, of which the first has this index, -1 also for those that do not exist.
fn inputIndices(position0: Position, index: u32, step: Step, firstChannel: u32) -> vec4i {
  let position1 = nextPosition(position0);
  let position2 = nextPosition(position1);
  let position3 = nextPosition(position2);
  let at = vec4i(
    //#unroll r 4
    inputIndex(position{{r}}, step, firstChannel),
    //#end unroll r
  );
  return select(at, vec4i(-1), vec4u(index) + vec4u(0u, 1u, 2u, 3u) >= vec4u(uniforms.positions));
}

// Where the weights of a tap begin that lead to `channel`.
fn weightIndex(step: Step, channel: u32, first: u32) -> u32 {
  return first + step.tapH * uniforms.weightTapH + step.tapW * uniforms.weightTapW + channel * uniforms.weightN;
}

//#if ALONG_K
// The same of four channels, -1 for those that do not exist.
fn weightIndices(step: Step, channel: u32, first: u32) -> vec4i {
  let channels = vec4u(channel) + vec4u(0u, 1u, 2u, 3u);
  let at = vec4u(weightIndex(step, 0u, first)) + channels * uniforms.weightN;
  return select(vec4i(at), vec4i(-1), channels >= vec4u(uniforms.groupOut));
}
//#else
// Weights of one k, from `at` on, of channels channel .. channel+3.
fn loadChannels(at: u32, channel: u32) -> vec4f {
  var value = vec4f();
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
  // A phase of few taps may end before a split that others have: then nothing is left for it.
  let depth = uniforms.tapsH * uniforms.tapsW * uniforms.groupIn;
  let begin = min(split * uniforms.splitDepth, depth);
  let end = min(begin + uniforms.splitDepth, depth);
  // The first half of the invocations stages A, the second B, each in blocks of four lines (positions or channels) by
  // four k: where K is contiguous neighbours take one line's k, otherwise one k's lines.
  let stagesA = index < {{EXTENT}}u;
  let block = index % {{EXTENT}}u;
  let line = (block / 4u) * 4u;
  let quadK = (block % 4u) * 4u;
  //#if ALONG_K
  let lineB = line;
  let quadKB = quadK;
  //#else
  let lineB = (block % {{QUADS}}u) * 4u;
  let quadKB = (block / {{QUADS}}u) * 4u;
  //#end if ALONG_K
  let ownK = select(quadKB, quadK, stagesA);
  let place = Place(split, firstPosition, firstChannel, channelGroup);
  //#if VECTOR_IN
  // All four k of a block belong to one tap: where its lines begin there, and how far the block is in it, which says
  // nothing at first.
  //#unroll s SWEEPS
  var at{{s}} = vec4i();
  var channel{{s}} = uniforms.groupIn;
  //#end unroll s
  //#else
  let position = positionAt(firstPosition + line);
  //#end if VECTOR_IN

{{ACCUMULATORS}}
  // While one step is multiplied, the next is on its way.
  let rounds = (end - begin + {{STEP}}u - 1u) / {{STEP}}u + 1u;
  for (var round = 0u; round < rounds; round++) {
    //#unroll s SWEEPS
    let k{{s}} = begin + round * {{STEP}}u + ownK + {{s*16}}u;
    var next{{s}} = mat4x4f();
    //#if VECTOR_IN
    if (channel{{s}} >= uniforms.groupIn) {
      let step = stepAt(k{{s}});
      channel{{s}} = step.channel;
      if (stagesA) {
        at{{s}} = inputIndices(positionAt(firstPosition + line), firstPosition + line, step, firstInput);
      } else {
        //#if ALONG_K
        at{{s}} = weightIndices(step, firstChannel + lineB, firstWeight);
        //#else
        at{{s}}.x = i32(weightIndex(step, firstChannel + lineB, firstWeight));
        //#end if ALONG_K
      }
    }
    if (k{{s}} < end) {
      if (stagesA) {
        //#unroll r 4
        if (at{{s}}[{{r}}] >= 0) {
          next{{s}}[{{r}}] = vec4f(x[(u32(at{{s}}[{{r}}]) + channel{{s}}) / 4u]);
        }
        //#end unroll r
      } else {
        //#unroll r 4
        //#if ALONG_K
        if (at{{s}}[{{r}}] >= 0) {
          next{{s}}[{{r}}] = weight[(u32(at{{s}}[{{r}}]) + channel{{s}}) / 4u];
        }
        //#else
        next{{s}}[{{r}}] = loadChannels(
          u32(at{{s}}.x) + (channel{{s}} + {{r}}u) * uniforms.weightK, firstChannel + lineB);
        //#end if ALONG_K
        //#end unroll r
      }
    }
    channel{{s}} += {{STEP}}u;
    //#else
    //#unroll e 4
    if (k{{s}} + {{e}}u < end) {
      let step = stepAt(k{{s}} + {{e}}u);
      if (stagesA) {
        let at = inputIndices(position, firstPosition + line, step, firstInput);
        //#unroll r 4
        if (at[{{r}}] >= 0) {
          next{{s}}[{{r}}][{{e}}] = f32(x[u32(at[{{r}}]) + step.channel]);
        }
        //#end unroll r
      } else {
        //#if ALONG_K
        let at = weightIndices(step, firstChannel + lineB, firstWeight);
        //#unroll r 4
        if (at[{{r}}] >= 0) {
          next{{s}}[{{r}}][{{e}}] = weight[u32(at[{{r}}]) + step.channel];
        }
        //#end unroll r
        //#else
        let at = weightIndex(step, firstChannel + lineB, firstWeight);
        next{{s}}[{{e}}] = loadChannels(at + step.channel * uniforms.weightK, firstChannel + lineB);
        //#end if ALONG_K
      }
    }
    //#end unroll e
    //#end if VECTOR_IN
    //#end unroll s
    if (round > 0u) {
{{MULTIPLY}}
    }
    workgroupBarrier();
    //#unroll s SWEEPS
    if (stagesA) {
      stageLines(0u, line, quadK + {{s*16}}u, next{{s}});
    } else {
      //#if ALONG_K
      stageLines({{COLUMNS_AT}}u, lineB, quadKB + {{s*16}}u, next{{s}});
      //#else
      stageDepths({{COLUMNS_AT}}u, lineB, quadKB + {{s*16}}u, next{{s}});
      //#end if ALONG_K
    }
    //#end unroll s
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
