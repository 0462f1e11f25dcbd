// Philox4x32-10: four random words for each counter and key. This text stands before that of the kernels that draw.
//
// J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011): a counter goes through ten rounds of
// multiplications by two constants, mixed with a key that a Weyl sequence advances. Draws depend on key and counter
// alone, so any part of a stream can be had by itself and every run gives the same bits.

// The 64-bit product of two words, as (high, low): WGSL has no wider integers.
fn multiplyWide(a: u32, b: u32) -> vec2u {
  let aLow = a & 0xffffu;
  let aHigh = a >> 16u;
  let bLow = b & 0xffffu;
  let bHigh = b >> 16u;
  let low = aLow * bLow;
  let middle1 = aHigh * bLow + (low >> 16u);
  let middle2 = aLow * bHigh + (middle1 & 0xffffu);
  return vec2u(aHigh * bHigh + (middle1 >> 16u) + (middle2 >> 16u), a * b);
}

fn philox(start: vec4u, startKey: vec2u) -> vec4u {
  var counter = start;
  var key = startKey;
  for (var round = 0u; round < 10u; round++) {
    let p0 = multiplyWide(0xd2511f53u, counter.x);
    let p1 = multiplyWide(0xcd9e8d57u, counter.z);
    counter = vec4u(p1.x ^ counter.y ^ key.x, p1.y, p0.x ^ counter.w ^ key.y, p0.y);
    key += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return counter;
}
