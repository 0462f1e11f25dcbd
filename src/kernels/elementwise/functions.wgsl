// Functions of floats of type T that WGSL lacks, or for which it promises too little. A kernel gets those that it calls
// (functions.ts). "To r" is the largest error as a multiple of float32's rounding, 2⁻²⁴, with exact basic arithmetic.

//#section quarters
// The multiple of π/2 that is nearest.
fn quarters(x: T) -> T { return round(x * T(0.6366197723675814)); }
//#end section quarters
//#section remaining
// x − n·π/2. π/2 is taken off in three parts, the first two so short that their product with n is exact up to n = 2¹³.
fn remaining(x: T, n: T) -> T {
  let r = ((x - n * T(1.5703125)) - n * T(4.837512969970703e-4)) - n * T(7.549789948768648e-8);
  return clamp(r, T(-0.8), T(0.8));
}
//#end section remaining
//#section sineOf
// Taylor's series for |r| <= π/4.
fn sineOf(r: T) -> T {
  let s = r * r;
  return r * (T(1.0) - s / T(6.0) * (T(1.0) - s / T(20.0) * (T(1.0) - s / T(42.0) * (T(1.0) - s / T(72.0)))));
}
//#end section sineOf
//#section cosineOf
fn cosineOf(r: T) -> T {
  let s = r * r;
  return T(1.0) - s / T(2.0) * (T(1.0) - s / T(12.0) * (T(1.0) - s / T(30.0) * (T(1.0) - s / T(56.0) * (T(1.0) - s / T(90.0)))));
}
//#end section cosineOf
//#section sinusoid
// sin(x + shift·π/2), to 2 for |x| <= 12000; beyond as exact as x itself is. WGSL's own is off by up to 2⁻¹¹.
fn sinusoid(x: T, shift: f32) -> T {
  let n = quarters(x);
  let r = remaining(x, n);
  let q = n + T(shift) - T(4.0) * floor((n + T(shift)) * T(0.25));
  let value = select(sineOf(r), cosineOf(r), (q == T(1.0)) | (q == T(3.0)));
  return nanUnlessFinite(select(value, -value, q >= T(2.0)), x);
}
//#end section sinusoid
//#section tangent
fn tangent(x: T) -> T {
  let n = quarters(x);
  let r = remaining(x, n);
  let odd = n - T(2.0) * floor(n * T(0.5)) == T(1.0);
  let sine = sineOf(r);
  let cosine = cosineOf(r);
  return nanUnlessFinite(select(sine, -cosine, odd) / select(cosine, sine, odd), x);
}
//#end section tangent
//#section arctangent
// To 3: x brought below tan(π/8) by arctan(a) = π/2 − arctan(1/a) and π/4 + arctan((a − 1)/(a + 1)), then a continued
// fraction.
fn arctangent(x: T) -> T {
  let a = abs(x);
  let t = select(a, T(1.0) / clamp(a, T(1.0), T(1e30)), a > T(1.0));
  let u = select(t, (t - T(1.0)) / (t + T(1.0)), t > T(0.41421356));
  let s = u * u;
  let near = u / (T(1.0) + s / (T(3.0) + T(4.0) * s / (T(5.0) + T(9.0) * s / (T(7.0) + T(16.0) * s / T(9.0)))));
  let half = select(near, near + T(0.7853981633974483), t > T(0.41421356));
  let angle = select(half, T(1.5707963267948966) - half, a > T(1.0));
  return keepNan(select(angle, -angle, x < T(0.0)), x);
}
//#end section arctangent
//#section logarithmOfOnePlus
// log(1 + x) without losing a small x: 2·artanh(x / (2 + x)) below 0.4.
fn logarithmOfOnePlus(x: T) -> T {
  let t = x / (T(2.0) + x);
  let s = t * t;
  let near = T(2.0) * t * (T(1.0) + s * (T(1.0 / 3.0) + s * (T(0.2) + s * (T(1.0 / 7.0) + s * (T(1.0 / 9.0) + s / T(11.0))))));
  return keepNan(select(naturalLogarithm(T(1.0) + x), near, abs(x) < T(0.4)), x);
}
//#end section logarithmOfOnePlus
//#section exponentialMinusOne
fn exponentialMinusOne(x: T) -> T {
  let a = T(1.0) + x / T(6.0) * (T(1.0) + x / T(7.0) * (T(1.0) + x / T(8.0)));
  let near = x * (T(1.0) + x / T(2.0) * (T(1.0) + x / T(3.0) * (T(1.0) + x / T(4.0) * (T(1.0) + x / T(5.0) * a))));
  return keepNan(select(exponential(x) - T(1.0), near, abs(x) < T(0.5)), x);
}
//#end section exponentialMinusOne
//#section hyperbolicSine
// (eᵃ − e⁻ᵃ)/2, with eᵃ as a product of two factors, which does not overflow before its half does; near 0 the series.
fn hyperbolicSine(x: T) -> T {
  let a = abs(x);
  let s = x * x;
  let near = x * (T(1.0) + s / T(6.0) * (T(1.0) + s / T(20.0) * (T(1.0) + s / T(42.0) * (T(1.0) + s / T(72.0)))));
  let h = exponential(T(0.5) * a);
  let far = T(0.5) * h * h - T(0.5) * exponential(-a);
  return keepNan(select(select(far, -far, x < T(0.0)), near, a < T(1.0)), x);
}
//#end section hyperbolicSine
//#section hyperbolicCosine
fn hyperbolicCosine(x: T) -> T {
  let h = exponential(T(0.5) * abs(x));
  return T(0.5) * h * h + T(0.5) * exponential(-abs(x));
}
//#end section hyperbolicCosine
//#section areaSine
// arsinh(a) = log(1 + (a + a²/(1 + √(a² + 1)))), and log(a) + log(2) where a² would overflow.
fn areaSine(x: T) -> T {
  let a = abs(x);
  let b = min(a, T(1e9));
  let near = logarithmOfOnePlus(b + b * b / (T(1.0) + sqrt(b * b + T(1.0))));
  let value = select(near, naturalLogarithm(a) + T(0.6931471805599453), a > T(1e9));
  return keepNan(select(value, -value, x < T(0.0)), x);
}
//#end section areaSine
//#section areaCosine
fn areaCosine(x: T) -> T {
  let b = clamp(x, T(1.0), T(1e9)) - T(1.0);
  let near = logarithmOfOnePlus(b + sqrt(b * (b + T(2.0))));
  let value = select(near, naturalLogarithm(x) + T(0.6931471805599453), x > T(1e9));
  return keepNan(select(value, naturalLogarithm(T(-1.0) - abs(x)), x < T(1.0)), x);
}
//#end section areaCosine
//#section areaTangent
// artanh(a) = log(1 + 2a/(1 − a))/2: infinite at 1, NaN beyond.
fn areaTangent(x: T) -> T {
  let a = abs(x);
  let within = T(0.5) * logarithmOfOnePlus(T(2.0) * a / max(T(1.0) - a, T(1e-9)));
  let value = select(within, naturalLogarithm(T(1.0) - a), a > T(1.0));
  let open = select(value, -naturalLogarithm(T(1.0) - a), a == T(1.0));
  return keepNan(select(open, -open, x < T(0.0)), x);
}
//#end section areaTangent
//#section errorFunction
// Taylor's series below 1; above, 1 − e^(−a²)·t·P(t) with t = 1/(1 + a/2), where P of degree 6 is fitted to
// e^(a²)·erfc(a) on [1, 6], to 5e-8 of it.
fn errorFunction(x: T) -> T {
  let s = min(x * x, T(1.0));
  let tail = T(1.0 / 1320.0) - s * (T(1.0 / 9360.0) - s * (T(1.0 / 75600.0) - s * (T(1.0 / 685440.0) - s / T(6894720.0))));
  let series = T(1.0) - s * (T(1.0 / 3.0) - s * (T(0.1) - s * (T(1.0 / 42.0) - s * (T(1.0 / 216.0) - s * tail))));
  let a = min(abs(x), T(10.0));
  let t = T(1.0) / (T(1.0) + T(0.5) * a);
  let upper = T(0.05776612716) + t * (T(0.34504573463) + t * (T(-0.30972587428) + t * T(0.0689018448)));
  let scaled = t * (T(0.28233480676) + t * (T(0.27790796523) + t * (T(0.27727521206) + t * upper)));
  let far = T(1.0) - exponential(-a * a) * scaled;
  return keepNan(select(x * T(1.1283791670955126) * series, select(far, -far, x < T(0.0)), a > T(1.0)), x);
}
//#end section errorFunction
//#section binaryLogarithm
// log2 of a positive number, to 3 of the result near 1 too: a = m·2ᵉ with m from √½ to √2, and log2(m)
// by artanh((m − 1)/(m + 1)).
fn binaryLogarithm(a: T) -> T {
  let parts = frexp(a);
  let low = parts.fract < T(0.70710678);
  let m = select(parts.fract, T(2.0) * parts.fract, low);
  let e = T(parts.exp) - select(T(0.0), T(1.0), low);
  let t = (m - T(1.0)) / (m + T(1.0));
  let s = t * t;
  return e + T(2.8853900817779268) * t * (T(1.0) + s * (T(1.0 / 3.0) + s * (T(0.2) + s * (T(1.0 / 7.0) + s / T(9.0)))));
}
//#end section binaryLogarithm
//#section power
// xʸ = 2^(y·log2|x|), negative for odd y of a negative x; off by about (1 + |y·log2 x|)·2⁻²² of itself. Special values
// are C's and PyTorch's: 1 for y = 0 and x = 1 whatever the other is; NaN for a negative x and y that is no whole
// number.
fn power(x: T, y: T) -> T {
  let a = abs(x);
  let bits = bitcast<NanWords>(a);
  let finite = binaryLogarithm(clamp(a, T(1.2e-38), T(3.4e38)));
  let z = y * select(select(finite, T(-1e38), a < T(1.2e-38)), T(1e38), bits == INFINITY);
  let within = exp2(clamp(z, T(-149.0), T(127.99999)));
  let lower = select(within, T(0.0), z < T(-149.5));
  let magnitude = bitcast<T>(select(bitcast<NanWords>(lower), INFINITY, z >= T(128.0)));
  let whole = (floor(y) == y) | (abs(y) >= T(8388608.0));
  let odd = abs(y - T(2.0) * floor(y * T(0.5))) == T(1.0);
  let negative = bitcast<NanWords>(x) < NanWords(0);
  let signed = select(magnitude, -magnitude, negative & odd & (abs(y) < T(16777216.0)));
  let open = negative & !whole & (bits != INFINITY) & (a > T(0.0));
  let real = bitcast<T>(select(bitcast<NanWords>(signed), NanWords(0x7fc00000), open));
  let infinite = (bitcast<NanWords>(y) & NanWords(0x7fffffff)) == INFINITY;
  let zero = (bitcast<NanWords>(y) & NanWords(0x7fffffff)) == NanWords(0);
  let one = zero | (bitcast<NanWords>(x) == NanWords(0x3f800000)) | ((bits == NanWords(0x3f800000)) & infinite);
  return select(keepNan(keepNan(real, y), x), T(1.0), one);
}
//#end section power
//#section remainder
// x − y·⌊x/y⌋, with the sign of y. Off by up to the rounding of x/y times y; x itself where y is infinite and of its
// sign.
fn remainder(x: T, y: T) -> T {
  let plain = x - y * trunc(x / y);
  let infinite = (bitcast<NanWords>(y) & NanWords(0x7fffffff)) == INFINITY;
  let r = select(plain, x, infinite & isFinite(x));
  let value = select(r, r + y, (r != T(0.0)) & ((r < T(0.0)) != (y < T(0.0))));
  let none = (y == T(0.0)) | !isFinite(x);
  return keepNan(keepNan(bitcast<T>(select(bitcast<NanWords>(value), NanWords(0x7fc00000), none)), y), x);
}
//#end section remainder
