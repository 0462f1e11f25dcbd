enable subgroups;

// Convolution as a gather, on registers and subgroup broadcasts.
//
//   y[n, oh, ow, c] = bias[c] + sum over taps (i, j) and channels k of x[n, ih(i), iw(j), k] * W[i, j, k, c]
//   qh = 0 .. rows-1:   oh = outStart.h + outStep.h * qh,   ih(i) = inStart.h + inStep.h * qh + tapStep.h * i   (w alike)
//
// The forward pass is one such gather; the gradient by the input is one per phase of the stride (geometry.ts).
//
// GEMM view: M = positions (n, qh, qw), N = output channels, K = (i, j, k); A is gathered from x, B is the weight.
// Tile: one subgroup of LANES invocations makes LANES*SETS positions x LANES*WIDTH channels. A lane loads four channels k of
// one position of each set, and the weights of its own WIDTH channels; a broadcast then hands every position to all
// lanes. So each loaded value is used LANES or more times without workgroup memory, which is what a software driver needs:
// there a load costs about ten instructions per lane and value, whatever its address, and a broadcast costs one.
// Grid: x, y: position tiles (folded), z: groups * channel tiles.

struct Shape {
  positions: u32, rows: u32, cols: u32,
  inH: u32, inW: u32, inC: u32,
  outH: u32, outW: u32, outC: u32,
  outStepH: u32, outStepW: u32, outStartH: u32, outStartW: u32,
  inStepH: u32, inStepW: u32, inStartH: i32, inStartW: i32,
  tapsH: u32, tapsW: u32, tapStepH: i32, tapStepW: i32,
  groupIn: u32, groupOut: u32, channelTiles: u32,
  weightStart: u32, weightTapH: u32, weightTapW: u32, weightK: u32, weightN: u32, weightGroup: u32,
  hasBias: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
//#if VECTOR_IN
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
//#else
@group(0) @binding(1) var<storage, read> x: array<f32>;
//#end
@group(0) @binding(2) var<storage, read> weight: array<{{WEIGHT_TYPE}}>;
//#if VECTOR_OUT
@group(0) @binding(3) var<storage, read_write> y: array<{{ACC}}>;
//#else
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
//#end
@group(0) @binding(4) var<storage, read> bias: array<f32>; // anything where hasBias is 0

// Four channels of x from element `at` on; `left` of them belong to this group.
fn loadInput(at: u32, left: u32) -> vec4f {
//#if VECTOR_IN
  return x[at / 4u];
//#else
  let value = vec4f(x[at], x[at + min(1u, left - 1u)], x[at + min(2u, left - 1u)], x[at + min(3u, left - 1u)]);
  return select(vec4f(), value, vec4u(0u, 1u, 2u, 3u) < vec4u(left));
//#end
}

@compute @workgroup_size({{LANES}})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let lane = local.x;
  let firstPosition = (group.y * groups.x + group.x) * {{POSITIONS}}u;
  let channelGroup = group.z / shape.channelTiles;
  let channel = (group.z % shape.channelTiles) * {{CHANNELS}}u + lane * {{WIDTH}}u;
  // Channels beyond the last repeat it: what they compute is not stored.
  //#unroll v WIDTH
  let channel{{v}} = min(channel + {{v}}u, shape.groupOut - 1u);
  //#end
  let inChannel = channelGroup * shape.groupIn;

  //#unroll s SETS
  let position{{s}} = firstPosition + {{s}}u * {{LANES}}u + lane;
  let valid{{s}} = position{{s}} < shape.positions;
  let q{{s}} = min(position{{s}}, shape.positions - 1u);
  let line{{s}} = q{{s}} / shape.cols;
  let col{{s}} = q{{s}} - line{{s}} * shape.cols;
  let image{{s}} = line{{s}} / shape.rows;
  let row{{s}} = line{{s}} - image{{s}} * shape.rows;
  let top{{s}} = i32(row{{s}} * shape.inStepH) + shape.inStartH;
  let left{{s}} = i32(col{{s}} * shape.inStepW) + shape.inStartW;
  let first{{s}} = image{{s}} * shape.inH;
  //#end

  //#unroll s SETS
  //#unroll l LANES
  var sum{{s}}_{{l}} = {{ACC}}();
  //#end
  //#end

  for (var i = 0u; i < shape.tapsH; i++) {
    for (var j = 0u; j < shape.tapsW; j++) {
      //#unroll s SETS
      let ih{{s}} = top{{s}} + i32(i) * shape.tapStepH;
      let iw{{s}} = left{{s}} + i32(j) * shape.tapStepW;
      let inside{{s}} = valid{{s}} && u32(ih{{s}}) < shape.inH && u32(iw{{s}}) < shape.inW;
      let at{{s}} = select(0u, ((first{{s}} + u32(ih{{s}})) * shape.inW + u32(iw{{s}})) * shape.inC, inside{{s}}) + inChannel;
      //#end
      let tap = shape.weightStart + channelGroup * shape.weightGroup + i * shape.weightTapH + j * shape.weightTapW;
      for (var k = 0u; k < shape.groupIn; k += 4u) {
        let left = shape.groupIn - k;
        //#unroll s SETS
        let a{{s}} = select(vec4f(), loadInput(at{{s}} + k, left), inside{{s}});
        //#end
        //#if ALONG_K
        // Weights contiguous along k: a lane loads four k of each of its channels.
        //#unroll v WIDTH
        //#if VECTOR_WEIGHT
        let w{{v}} = weight[(tap + channel{{v}} * shape.weightN + k) / 4u];
        //#else
        let p{{v}} = tap + channel{{v}} * shape.weightN + k;
        let w{{v}} = vec4f(weight[p{{v}}], weight[p{{v}} + min(1u, left - 1u)], weight[p{{v}} + min(2u, left - 1u)], weight[p{{v}} + min(3u, left - 1u)]);
        //#end
        //#end
        //#unroll e 4
        let b{{e}} = {{ACC}}({{COLUMN_{{e}}}});
        //#end
        //#else
        // Weights contiguous along the output channels: a lane loads its channels for each of four k.
        //#unroll e 4
        let r{{e}} = tap + min(k + {{e}}u, shape.groupIn - 1u) * shape.weightK;
        //#if VECTOR_WEIGHT
        let b{{e}} = weight[(r{{e}} + channel0) / {{WIDTH}}u];
        //#else
        let b{{e}} = {{ACC}}({{GATHER_{{e}}}});
        //#end
        //#end
        //#end
        //#unroll e 4
        //#unroll s SETS
        //#unroll l LANES
        sum{{s}}_{{l}} += subgroupBroadcast(a{{s}}[{{e}}], {{l}}u) * b{{e}};
        //#end
        //#end
        //#end
      }
    }
  }

  let biasAt = channelGroup * shape.groupOut;
  let offset = select({{ACC}}(), {{ACC}}({{BIASES}}), shape.hasBias != 0u);
  let outChannel = channelGroup * shape.groupOut + channel;
  // Stored in a loop: unrolled, the stores would take most of the compile time.
  var sums: array<{{ACC}}, {{POSITIONS}}>;
  var starts: array<u32, {{POSITIONS}}>;
  //#unroll s SETS
  let oh{{s}} = shape.outStartH + row{{s}} * shape.outStepH;
  let ow{{s}} = shape.outStartW + col{{s}} * shape.outStepW;
  let out{{s}} = ((image{{s}} * shape.outH + oh{{s}}) * shape.outW + ow{{s}}) * shape.outC;
  //#unroll l LANES
  sums[{{s}}u * {{LANES}}u + {{l}}u] = sum{{s}}_{{l}} + offset;
  starts[{{s}}u * {{LANES}}u + {{l}}u] = subgroupBroadcast(out{{s}}, {{l}}u);
  //#end
  //#end
  let count = min({{POSITIONS}}u, shape.positions - min(firstPosition, shape.positions));
  for (var p = 0u; p < count; p++) {
    store(starts[p] + outChannel, channel, sums[p]);
  }
}

fn store(at: u32, channel: u32, value: {{ACC}}) {
  if (channel >= shape.groupOut) {
    return;
  }
  //#if VECTOR_OUT
  y[at / {{WIDTH}}u] = value;
  //#else
  //#unroll v WIDTH
  if (channel + {{v}}u < shape.groupOut) {
    y[at + {{v}}u] = value{{SWIZZLE_{{v}}}};
  }
  //#end
  //#end
}
