// NaN and infinity in kernels. Drivers fold `x != x` to false, `x - x` to 0 and `max(NaN, 0)` to 0, and shader
// compilers may take for granted that no float is NaN; of whole numbers they cannot. So what a NaN decides is decided
// here, on the bits, and selected as bits. As i32 the floats from -inf down to -0, and they alone, lie at or below
// NEGATIVE_INFINITY, negative NaN above it.
//
// maximum and minimum are those of IEEE 754-2019 and PyTorch: NaN where either operand is.

alias NanFloats = {{FLOATS}};
alias NanWords = {{WORDS}};
alias NanBooleans = {{BOOLEANS}};
const INFINITY = NanWords(0x7f800000);
const NEGATIVE_INFINITY = NanWords(-0x800000);

fn isNan(x: NanFloats) -> NanBooleans {
  return (bitcast<NanWords>(x) & NanWords(0x7fffffff)) > INFINITY;
}

fn isFinite(x: NanFloats) -> NanBooleans {
  return (bitcast<NanWords>(x) & NanWords(0x7fffffff)) < INFINITY;
}

// x where it is NaN, else value: for functions that lose one.
fn keepNan(value: NanFloats, x: NanFloats) -> NanFloats {
  return bitcast<NanFloats>(select(bitcast<NanWords>(value), bitcast<NanWords>(x), isNan(x)));
}

// value, or NaN where x is not finite.
fn nanUnlessFinite(value: NanFloats, x: NanFloats) -> NanFloats {
  let words = bitcast<NanWords>(x) | NanWords(0x7fc00000);
  return bitcast<NanFloats>(select(words, bitcast<NanWords>(value), isFinite(x)));
}

// exp(x), also where drivers differ: 0 of -infinity, infinity of infinity.
fn exponential(x: NanFloats) -> NanFloats {
  let bits = bitcast<NanWords>(x);
  let above = select(bitcast<NanWords>(exp(x)), NanWords(0), bits == NEGATIVE_INFINITY);
  return keepNan(bitcast<NanFloats>(select(above, INFINITY, bits == INFINITY)), x);
}

// log(x), also where drivers differ: infinity of infinity, -infinity of 0, NaN below 0.
fn naturalLogarithm(x: NanFloats) -> NanFloats {
  let bits = bitcast<NanWords>(x);
  let above = select(bitcast<NanWords>(log(x)), NEGATIVE_INFINITY, x == NanFloats(0.0));
  let open = select(above, NanWords(0x7fc00000), x < NanFloats(0.0));
  return keepNan(bitcast<NanFloats>(select(open, INFINITY, bits == INFINITY)), x);
}

fn maximum(x: NanFloats, y: NanFloats) -> NanFloats {
  return keepNan(keepNan(max(x, y), y), x);
}

fn minimum(x: NanFloats, y: NanFloats) -> NanFloats {
  return keepNan(keepNan(min(x, y), y), x);
}

// x == y and x < y, never of NaN.
fn isEqual(x: NanFloats, y: NanFloats) -> NanBooleans {
  return (x == y) & !isNan(x) & !isNan(y);
}

fn isLess(x: NanFloats, y: NanFloats) -> NanBooleans {
  return (x < y) & !isNan(x) & !isNan(y);
}

// Whether x comes before y in a search for the largest: NaN before all numbers.
fn exceeds(x: NanFloats, y: NanFloats) -> NanBooleans {
  return ((x > y) | isNan(x)) & !isNan(y);
}

// max(x, 0).
fn rectify(x: NanFloats) -> NanFloats {
  let bits = bitcast<NanWords>(x);
  return bitcast<NanFloats>(select(NanWords(0), bits, bits > NEGATIVE_INFINITY));
}

// Whether the gradient of rectify passes: not where x <= 0, so where it is NaN.
fn passes(x: NanFloats) -> NanBooleans {
  let bits = bitcast<NanWords>(x);
  return (bits > NEGATIVE_INFINITY) & (bits != NanWords(0));
}
