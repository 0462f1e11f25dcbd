// The products of a tile on matrix units: M x N x K at a time, operands of f16, sums of f32. A tile falls into SHARES,
// one for each subgroup, of ROWS x COLUMNS such matrices. Load and store stand here alone: their text still changes
// from one version of the dialect to the next. Offsets and strides count elements of the array as it is declared, which
// hold four values here. A share's number is a remainder: the compiler then sees that no load leaves the array, and
// neither bounds nor changes its offset and stride.
//
// With VARIES nobody knows how many subgroups there are before the kernel runs. Are they as many as shares, as
// expected, then one pass makes the tile; are they fewer, several do, each with the whole of K; are they more, some
// only help to stage.
//#section INPUTS
  @builtin(subgroup_id) subgroup: u32,
  @builtin(subgroup_invocation_id) lane: u32,
//#if VARIES
  @builtin(num_subgroups) subgroups: u32,
  @builtin(subgroup_size) lanes: u32,
//#end if VARIES
//#end section INPUTS
//#section ACCUMULATORS
//#if VARIES
  for (var firstShare = 0u; firstShare < {{SHARES}}u; firstShare += subgroups) {
  let takesPart = firstShare + subgroup < {{SHARES}}u;
  let share = (firstShare + subgroup) % {{SHARES}}u;
//#else
  let share = subgroup % {{SHARES}}u;
  let lanes = {{SUBGROUP}}u;
//#end if VARIES
  let firstOwnRow = (share / {{ACROSS}}u) * {{OWN_ROWS}}u;
  let firstOwnColumn = (share % {{ACROSS}}u) * {{OWN_COLUMNS}}u;
  //#unroll i ROWS
  //#unroll j COLUMNS
  var sums{{i}}_{{j}} = Sums();
  //#end unroll j
  //#end unroll i
//#end section ACCUMULATORS
//#section MULTIPLY
//#if VARIES
      if (takesPart) {
//#end if VARIES
      //#unroll k STEPS
      //#unroll i ROWS
      let left{{k}}_{{i}} = subgroupMatrixLoad<Left, row_major>(
        &staged, firstOwnRow * {{PITCH}}u + {{i*M*PITCH+k*QUADS_OF_K}}u, {{PITCH}}u);
      //#end unroll i
      //#unroll j COLUMNS
      let right{{k}}_{{j}} = subgroupMatrixLoad<Right, col_major>(
        &staged, firstOwnColumn * {{PITCH}}u + {{COLUMNS_AT+j*N*PITCH+k*QUADS_OF_K}}u, {{PITCH}}u);
      //#unroll i ROWS
      sums{{i}}_{{j}} = subgroupMatrixMultiplyAccumulate(left{{k}}_{{i}}, right{{k}}_{{j}}, sums{{i}}_{{j}});
      //#end unroll i
      //#end unroll j
      //#end unroll k
//#if VARIES
      }
//#end if VARIES
//#end section MULTIPLY
//#section EMIT
  let firstResult = share * {{M*N}}u;
  //#unroll j COLUMNS
  //#unroll i ROWS
//#if VARIES
  if (takesPart) {
//#end if VARIES
  subgroupMatrixStore<row_major>(&results, firstResult, sums{{i}}_{{j}}, {{N}}u);
//#if VARIES
  }
//#end if VARIES
  workgroupBarrier();
//#if VARIES
  if (takesPart) {
//#end if VARIES
  for (var quad = lane; quad < {{QUADS_OF_RESULT}}u; quad += lanes) {
    let at = firstResult + quad * 4u;
    let row = firstOwnRow + {{i*M}}u + quad * 4u / {{N}}u;
    let column = firstOwnColumn + {{j*N}}u + quad * 4u % {{N}}u;
    let sums = vec4f(results[at], results[at + 1u], results[at + 2u], results[at + 3u]);
//#if STATISTICS
    let value = emit(place, row, column, sums);
    for (var e = 0u; e < 4u; e++) {
      results[at + e] = value[e];
    }
//#else
    emit(place, row, column, sums);
//#end if STATISTICS
  }
//#if VARIES
  }
//#end if VARIES
  workgroupBarrier();
//#if STATISTICS
  // A lane goes down columns of its own: two passes over the matrix, joined to what stands above it in this share.
//#if VARIES
  if (takesPart) {
//#end if VARIES
  for (var own = lane; own < {{N}}u; own += lanes) {
    let above = rowsAmong(rowsOf(place), firstOwnRow, {{i*M}}u);
    let below = u32(rowsAmong(rowsOf(place), firstOwnRow + {{i*M}}u, {{M}}u));
    var total = Moments(f32(below), 0.0, 0.0);
    for (var row = 0u; row < below; row++) {
      total.mean += results[firstResult + row * {{N}}u + own];
    }
    total.mean /= max(total.count, 1.0);
    for (var row = 0u; row < below; row++) {
      let difference = results[firstResult + row * {{N}}u + own] - total.mean;
      total.m2 += difference * difference;
    }
    let at = (share / {{ACROSS}}u) * {{EXTENT}}u + firstOwnColumn + {{j*N}}u + own;
    if (above > 0.0) {
      total = join(Moments(above, moments[at].x, moments[at].y), total);
    }
    moments[at] = vec2f(total.mean, total.m2);
  }
//#if VARIES
  }
//#end if VARIES
  workgroupBarrier();
//#end if STATISTICS
  //#end unroll i
  //#end unroll j
//#if VARIES
  }
//#end if VARIES
//#if STATISTICS
  if (index < {{EXTENT}}u) {
    let rows = rowsOf(place);
    var total = Moments();
    for (var part = 0u; part < {{SHARES_DOWN}}u; part++) {
      let at = part * {{EXTENT}}u + index;
      total = join(total, Moments(rowsAmong(rows, part * {{OWN_ROWS}}u, {{OWN_ROWS}}u), moments[at].x, moments[at].y));
    }
    keep(place, index, total);
  }
//#end if STATISTICS
//#end section EMIT
