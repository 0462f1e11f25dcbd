// The products of a tile on matrix units: M x N x K at a time, operands of f16, sums of f32. A subgroup makes ROWS x COLUMNS such
// matrices. Load and store stand here alone: their text still changes from one version of the dialect to the next. Offsets and
// strides count elements of the array as it is declared, which hold four values here.
//#section ACCUMULATORS
  let firstOwnRow = (subgroup / {{ACROSS}}u) * {{OWN_ROWS}}u;
  let firstOwnColumn = (subgroup % {{ACROSS}}u) * {{OWN_COLUMNS}}u;
  //#unroll i ROWS
  //#unroll j COLUMNS
  var sums{{i}}_{{j}} = Sums();
  //#end
  //#end
//#section MULTIPLY
      //#unroll k STEPS
      //#unroll i ROWS
      let left{{k}}_{{i}} = subgroupMatrixLoad<Left, col_major>(
        &tileA, {{k*K*PITCH}}u + (firstOwnRow + {{i*M}}u) / 4u, {{PITCH}}u);
      //#end
      //#unroll j COLUMNS
      let right{{k}}_{{j}} = subgroupMatrixLoad<Right, row_major>(
        &tileB, {{k*K*PITCH}}u + (firstOwnColumn + {{j*N}}u) / 4u, {{PITCH}}u);
      //#unroll i ROWS
      sums{{i}}_{{j}} = subgroupMatrixMultiplyAccumulate(left{{k}}_{{i}}, right{{k}}_{{j}}, sums{{i}}_{{j}});
      //#end
      //#end
      //#end
//#section EMIT
  let firstResult = subgroup * {{M*N}}u;
  //#unroll i ROWS
  //#unroll j COLUMNS
  subgroupMatrixStore<row_major>(&results, firstResult, sums{{i}}_{{j}}, {{N}}u);
  workgroupBarrier();
  for (var quad = lane; quad < {{QUADS_OF_RESULT}}u; quad += {{SUBGROUP}}u) {
    let at = firstResult + quad * 4u;
    let row = firstOwnRow + {{i*M}}u + quad * 4u / {{N}}u;
    let column = firstOwnColumn + {{j*N}}u + quad * 4u % {{N}}u;
    emit(place, row, column, vec4f(results[at], results[at + 1u], results[at + 2u], results[at + 3u]));
  }
  workgroupBarrier();
  //#end
  //#end
