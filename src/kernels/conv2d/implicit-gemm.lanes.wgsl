// Convolution as an implicit GEMM, on registers and subgroup broadcasts. Mathematics and uniforms:
// implicit-gemm.interface.wgsl.
//
// GEMM view: M = positions (n, qh, qw), N = output channels, K = (i, j, k); A is gathered from x, B is the weight.
// Tile: one subgroup of LANES invocations makes SETS * LANES positions x LANES * WIDTH channels. A lane loads QUAD
// channels k (four, or one where k does not come in fours) of one position of each set, and the weights of its own
// WIDTH channels; broadcasts then hand every position to all lanes. So each loaded value is used many times without
// workgroup memory, which is what a software driver needs: there a load costs about ten instructions per lane and
// value, whatever its address, and a broadcast costs one. Weights must be contiguous along k (weightK = 1). Grid: x, y:
// position tiles (folded), z: groups * channel tiles.

const NOWHERE = 0xffffffffu;

@compute @workgroup_size({{LANES}})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let lane = local.x;
  let firstSet = (group.y * groups.x + group.x) * {{SETS}}u;
  let channelGroup = group.z / uniforms.channelTiles;
  let channel = (group.z - channelGroup * uniforms.channelTiles) * {{LANES*WIDTH}}u + lane * {{WIDTH}}u;
  // Channels beyond the last repeat it: what they compute is not stored.
  //#unroll v WIDTH
  let channel{{v}} = min(channel + {{v}}u, uniforms.groupOut - 1u);
  //#end unroll v
  let inChannel = channelGroup * uniforms.groupIn;

  //#unroll s SETS
  let position{{s}} = (firstSet + {{s}}u) * {{LANES}}u + lane;
  let valid{{s}} = position{{s}} < uniforms.positions;
  let line{{s}} = position{{s}} / uniforms.cols;
  let col{{s}} = position{{s}} - line{{s}} * uniforms.cols;
  let image{{s}} = line{{s}} / uniforms.rows;
  let row{{s}} = line{{s}} - image{{s}} * uniforms.rows;
  // Beyond the last position everything lies in the padding.
  let top{{s}} = select(-0x40000000, i32(row{{s}} * uniforms.inStepH) + uniforms.inStartH, valid{{s}});
  let left{{s}} = i32(col{{s}} * uniforms.inStepW) + uniforms.inStartW;
  let firstRow{{s}} = image{{s}} * uniforms.inH;
  //#end unroll s

  //#unroll s SETS
  //#unroll l LANES
  var sum{{s}}_{{l}} = {{ACC}}();
  //#end unroll l
  //#end unroll s

  for (var i = 0u; i < uniforms.tapsH; i++) {
    for (var j = 0u; j < uniforms.tapsW; j++) {
      //#unroll s SETS
      let ih{{s}} = top{{s}} + i32(i) * uniforms.tapStepH;
      let iw{{s}} = left{{s}} + i32(j) * uniforms.tapStepW;
      let inside{{s}} = u32(ih{{s}}) < uniforms.inH && u32(iw{{s}}) < uniforms.inW;
      let pixel{{s}} = (firstRow{{s}} + u32(ih{{s}})) * uniforms.inW + u32(iw{{s}});
      let at{{s}} = select(0u, pixel{{s}} * uniforms.inC, inside{{s}}) + inChannel;
      //#end unroll s
      let tap = uniforms.weightStart + channelGroup * uniforms.weightGroup + i * uniforms.weightTapH + j * uniforms.weightTapW;
      for (var k = 0u; k < uniforms.groupIn; k += {{QUAD}}u) {
        //#unroll s SETS
        let a{{s}} = select({{INPUT}}(), x[(at{{s}} + k) / {{QUAD}}u], inside{{s}});
        //#end unroll s
        //#unroll v WIDTH
        let w{{v}} = weight[(tap + channel{{v}} * uniforms.weightN + k) / {{QUAD}}u];
        //#end unroll v
        //#unroll e QUAD
        let b{{e}} = {{ACC}}({{COLUMN_{{e}}}});
        //#unroll s SETS
        //#unroll l LANES
        sum{{s}}_{{l}} += subgroupBroadcast(a{{s}}{{PART_{{e}}}}, {{l}}u) * b{{e}};
        //#end unroll l
        //#end unroll s
        //#end unroll e
      }
    }
  }

  let biasAt = channelGroup * uniforms.groupOut;
  let offset = select({{ACC}}(), {{ACC}}({{BIASES}}), uniforms.hasBias != 0u);
  // Stored in a loop: unrolled, the stores would take most of the compile time.
  var sums: array<{{ACC}}, {{SETS*LANES}}>;
  var starts: array<u32, {{SETS*LANES}}>;
  //#unroll s SETS
  let oh{{s}} = uniforms.outStartH + row{{s}} * uniforms.outStepH;
  let ow{{s}} = uniforms.outStartW + col{{s}} * uniforms.outStepW;
  let out{{s}} = select(NOWHERE, ((image{{s}} * uniforms.outH + oh{{s}}) * uniforms.outW + ow{{s}}) * uniforms.outC, valid{{s}});
  //#unroll l LANES
  sums[{{s*LANES+l}}] = sum{{s}}_{{l}} + offset;
  starts[{{s*LANES+l}}] = subgroupBroadcast(out{{s}}, {{l}}u);
  //#end unroll l
  //#end unroll s
  for (var p = 0u; p < {{SETS*LANES}}u; p++) {
    if (starts[p] != NOWHERE && channel < uniforms.groupOut) {
      let at = starts[p] + channelGroup * uniforms.groupOut + channel;
      let value = sums[p];
      //#if VECTOR_OUT
      y[at / {{WIDTH}}u] = value;
      //#else
      //#unroll v WIDTH
      if (channel + {{v}}u < uniforms.groupOut) {
        y[at + {{v}}u] = value{{OUT_{{v}}}};
      }
      //#end unroll v
      //#end if VECTOR_OUT
    }
  }
}
