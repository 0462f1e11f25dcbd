// The products of a tile on registers: an invocation makes 8 rows x 4 * PARTS columns, rows half * 4 + e and EXTENT / 2 further,
// columns quad * 4 and every 64 further.
//#section ACCUMULATORS
  let half = index / 16u;
  let quad = index % 16u;
  //#unroll h 2
  //#unroll c PARTS
  //#unroll e 4
  var sum{{h}}_{{c}}_{{e}} = vec4f();
  //#end
  //#end
  //#end
//#section MULTIPLY
      for (var step = 0u; step < 16u; step++) {
        //#unroll h 2
        let rows{{h}} = tileA[step * {{PITCH}}u + half + {{h*HALF}}u];
        //#end
        //#unroll c PARTS
        let columns{{c}} = tileB[step * {{PITCH}}u + quad + {{c*16}}u];
        //#unroll h 2
        //#unroll e 4
        sum{{h}}_{{c}}_{{e}} += rows{{h}}[{{e}}] * columns{{c}};
        //#end
        //#end
        //#end
      }
//#section EMIT
  //#unroll h 2
  //#unroll c PARTS
  //#unroll e 4
  emit(place, half * 4u + {{h*HALF*4+e}}u, quad * 4u + {{c*64}}u, sum{{h}}_{{c}}_{{e}});
  //#end
  //#end
  //#end
