// Convolution as a gather, with operands staged in workgroup memory. Mathematics and uniforms: gather.interface.wgsl.
//
// GEMM view: M = positions (n, qh, qw), N = output channels, K = (i, j, k) flattened; A is gathered from x, B is the weight.
// Tile: 128 invocations make 64 positions x 64 channels, 8 x 4 each, in steps of 16 along K. Both operands are staged with K
// outermost, so that the inner loop reads three vec4 for 32 multiply-adds. Padding, and what lies beyond the last position,
// channel or K, is staged as zero. Grid: x, y: position tiles (folded), z: groups * channel tiles.

var<workgroup> tileA: array<array<vec4f, 17>, 16>; // [k][position / 4], padded against bank conflicts
var<workgroup> tileB: array<array<vec4f, 17>, 16>; // [k][channel / 4]

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
fn loadA(position: Position, k: u32, depth: u32, firstChannel: u32) -> vec4f {
  var value = vec4f();
//#if VECTOR_IN
  if (k < depth) {
    let at = inputIndex(position, stepAt(k), firstChannel);
    if (at >= 0) {
      value = x[at / 4];
    }
  }
//#else
  for (var e = 0u; e < min(4u, depth - min(k, depth)); e++) {
    let at = inputIndex(position, stepAt(k + e), firstChannel);
    if (at >= 0) {
      value[e] = x[at];
    }
  }
//#end
  return value;
}

//#if ALONG_K
// Weights for k .. k+3 of one channel.
fn loadB(channel: u32, k: u32, depth: u32, first: u32) -> vec4f {
  var value = vec4f();
  if (channel >= shape.groupOut) {
    return value;
  }
//#if VECTOR_WEIGHT
  if (k < depth) {
    value = weight[weightIndex(stepAt(k), channel, first) / 4u];
  }
//#else
  for (var e = 0u; e < min(4u, depth - min(k, depth)); e++) {
    value[e] = weight[weightIndex(stepAt(k + e), channel, first)];
  }
//#end
  return value;
}
//#else
// Weights for one k of channels channel .. channel+3.
fn loadB(channel: u32, k: u32, depth: u32, first: u32) -> vec4f {
  var value = vec4f();
  if (k >= depth) {
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

@compute @workgroup_size(128)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let firstPosition = (group.y * groups.x + group.x) * 64u;
  let channelGroup = group.z / shape.channelTiles;
  let firstChannel = (group.z - channelGroup * shape.channelTiles) * 64u;
  let firstWeight = shape.weightStart + channelGroup * shape.weightGroup;
  let firstInput = channelGroup * shape.groupIn;
  let depth = shape.tapsH * shape.tapsW * shape.groupIn;
  // The first half of the invocations stages A, the second B, each in blocks of four lines (positions or channels) by four k:
  // loaded along k and written across the lines, since a vec4 in workgroup memory must have one writer.
  let stagesA = index < 64u;
  let block = index % 64u;
  let line = (block / 4u) * 4u;
  let quadK = (block % 4u) * 4u;
  //#unroll r 4
  let position{{r}} = positionAt(firstPosition + line + {{r}}u);
  //#end
  // What this invocation computes: rows half * 4 and 32 more, columns quad * 4.
  let half = index / 16u;
  let quad = index % 16u;

  //#unroll e 4
  var low{{e}} = vec4f();
  var high{{e}} = vec4f();
  //#end
  for (var k = 0u; k < depth; k += 16u) {
    if (stagesA) {
      //#unroll r 4
      let a{{r}} = loadA(position{{r}}, k + quadK, depth, firstInput);
      //#end
      //#unroll e 4
      tileA[quadK + {{e}}u][line / 4u] = vec4f(a0[{{e}}], a1[{{e}}], a2[{{e}}], a3[{{e}}]);
      //#end
    } else {
      //#if ALONG_K
      //#unroll r 4
      let b{{r}} = loadB(firstChannel + line + {{r}}u, k + quadK, depth, firstWeight);
      //#end
      //#unroll e 4
      tileB[quadK + {{e}}u][line / 4u] = vec4f(b0[{{e}}], b1[{{e}}], b2[{{e}}], b3[{{e}}]);
      //#end
      //#else
      //#unroll r 4
      tileB[block / 16u + {{r*4}}u][quad] = loadB(firstChannel + quad * 4u, k + block / 16u + {{r*4}}u, depth, firstWeight);
      //#end
      //#end
    }
    workgroupBarrier();
    for (var step = 0u; step < 16u; step++) {
      let rowsLow = tileA[step][half];
      let rowsHigh = tileA[step][half + 8u];
      let columns = tileB[step][quad];
      //#unroll e 4
      low{{e}} += rowsLow[{{e}}] * columns;
      high{{e}} += rowsHigh[{{e}}] * columns;
      //#end
    }
    workgroupBarrier();
  }

  let channel = firstChannel + quad * 4u;
  if (channel >= shape.groupOut) {
    return;
  }
  var offset = vec4f();
  if (shape.hasBias != 0u) {
    for (var e = 0u; e < min(4u, shape.groupOut - channel); e++) {
      offset[e] = bias[channelGroup * shape.groupOut + channel + e];
    }
  }
  let outChannel = channelGroup * shape.groupOut + channel;
  //#unroll e 4
  store(firstPosition + half * 4u + {{e}}u, outChannel, channel, low{{e}} + offset);
  store(firstPosition + half * 4u + {{e}}u + 32u, outChannel, channel, high{{e}} + offset);
  //#end
}

fn store(position: u32, outChannel: u32, channel: u32, value: vec4f) {
  if (position >= shape.positions) {
    return;
  }
  let line = position / shape.cols;
  let image = line / shape.rows;
  let oh = shape.outStartH + (line - image * shape.rows) * shape.outStepH;
  let ow = shape.outStartW + (position - line * shape.cols) * shape.outStepW;
  let at = ((image * shape.outH + oh) * shape.outW + ow) * shape.outC + outChannel;
//#if VECTOR_OUT
  y[at / 4u] = value;
//#else
  for (var e = 0u; e < min(4u, shape.groupOut - channel); e++) {
    y[at + e] = value[e];
  }
//#end
}
