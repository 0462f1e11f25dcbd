// The products of a tile on registers: an invocation makes 8 rows x 4 * PARTS columns, rows half * 4 + e and EXTENT / 2
// further, columns quad * 4 and every 64 further.
//#section INPUTS
//#end section INPUTS
//#section ACCUMULATORS
  let half = index / 16u;
  let quad = index % 16u;
  //#unroll h 2
  //#unroll c PARTS
  //#unroll e 4
  var sum{{h}}_{{c}}_{{e}} = vec4f();
  //#end unroll e
  //#end unroll c
  //#end unroll h
//#end section ACCUMULATORS
//#section MULTIPLY
      for (var step = 0u; step < 16u; step++) {
        //#unroll h 2
        let rows{{h}} = staged[step * {{PITCH}}u + half + {{h*HALF}}u];
        //#end unroll h
        //#unroll c PARTS
        let columns{{c}} = staged[step * {{PITCH}}u + quad + {{COLUMNS_AT+c*16}}u];
        //#unroll h 2
        //#unroll e 4
        sum{{h}}_{{c}}_{{e}} += rows{{h}}[{{e}}] * columns{{c}};
        //#end unroll e
        //#end unroll h
        //#end unroll c
      }
//#end section MULTIPLY
//#section EMIT
//#if STATISTICS
  // Two passes over the rows in registers give their moments, which the staged operands, done with, make room for.
  let rows = rowsOf(place);
  //#unroll c PARTS
  var all{{c}} = vec4f();
  var count{{c}} = 0.0;
  //#unroll h 2
  //#unroll e 4
  let value{{h}}_{{c}}_{{e}} = emit(place, half * 4u + {{h*HALF*4+e}}u, quad * 4u + {{c*64}}u, sum{{h}}_{{c}}_{{e}});
  if (half * 4u + {{h*HALF*4+e}}u < rows) {
    all{{c}} += value{{h}}_{{c}}_{{e}};
    count{{c}} += 1.0;
  }
  //#end unroll e
  //#end unroll h
  let mean{{c}} = all{{c}} / max(count{{c}}, 1.0);
  var squares{{c}} = vec4f();
  //#unroll h 2
  //#unroll e 4
  if (half * 4u + {{h*HALF*4+e}}u < rows) {
    squares{{c}} += (value{{h}}_{{c}}_{{e}} - mean{{c}}) * (value{{h}}_{{c}}_{{e}} - mean{{c}});
  }
  //#end unroll e
  //#end unroll h
  staged[index] = mean{{c}};
  staged[index + {{COLUMNS_AT}}u] = squares{{c}};
  workgroupBarrier();
  if (half == 0u) {
    var total{{c}} = Moments();
    for (var part = 0u; part < {{HALF}}u; part++) {
      let count = rowsAmong(rows, part * 4u, 4u) + rowsAmong(rows, part * 4u + {{HALF*4}}u, 4u);
      let at = part * 16u + quad;
      total{{c}} = join(total{{c}}, Moments(count, staged[at], staged[at + {{COLUMNS_AT}}u]));
    }
    keepQuad(place, quad * 4u + {{c*64}}u, total{{c}});
  }
  workgroupBarrier();
  //#end unroll c
//#else
  //#unroll h 2
  //#unroll c PARTS
  //#unroll e 4
  emit(place, half * 4u + {{h*HALF*4+e}}u, quad * 4u + {{c*64}}u, sum{{h}}_{{c}}_{{e}});
  //#end unroll e
  //#end unroll c
  //#end unroll h
//#end if STATISTICS
//#end section EMIT
