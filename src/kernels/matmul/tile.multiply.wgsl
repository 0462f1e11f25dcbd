      for (var step = 0u; step < 16u; step++) {
        //#unroll h 2
        let rows{{h}} = tileA[step][half + {{h*HALF}}u];
        //#end
        //#unroll c PARTS
        let columns{{c}} = tileB[step][quad + {{c*16}}u];
        //#unroll h 2
        //#unroll e 4
        sum{{h}}_{{c}}_{{e}} += rows{{h}}[{{e}}] * columns{{c}};
        //#end
        //#end
        //#end
      }
