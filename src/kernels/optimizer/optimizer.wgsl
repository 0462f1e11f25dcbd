// One step of {{NAME}} for every parameter of an arena, in place. Four values per invocation.
//
// ADAM: Kingma and Ba, algorithm 1; with DECOUPLED the weight decay of Loshchilov and Hutter (AdamW).
//   m ← β₁m + (1−β₁)g    v ← β₂v + (1−β₂)g²    p ← p − (lr/(1−β₁ᵗ)) · m / (√v/√(1−β₂ᵗ) + ε)
// SGD: m ← μm + g (m = g at the first step), p ← p − lr·m. Weight decay otherwise adds λp to the gradient, as PyTorch.
// state[0] is the number of steps taken so far; advance.wgsl increases it afterwards.
// GUARDED: a step whose guard (a norm, a loss) is NaN or Inf is left out. By its bits: drivers fold x != x to false.
// 1 − β and ln β come from outside: in float32, 1 − 0.999 would be off by 1.3e-5.
//#uniforms
@group(0) @binding(1) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(2) var<storage, read> learningRate: array<f32>;
@group(0) @binding(3) var<storage, read> state: array<f32>;
@group(0) @binding(4) var<storage, read_write> parameter: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> first: array<vec4f>;
//#if ADAM
@group(0) @binding(6) var<storage, read_write> second: array<vec4f>;

// 1 − βᵗ = −expm1(t·ln β). Early on βᵗ is close to 1, where the difference would lose its digits: there by series.
fn biasCorrection(t: f32, logBeta: f32) -> f32 {
  let z = t * logBeta;
  if (z > -0.1) {
    return -z * (1.0 + z / 2.0 * (1.0 + z / 3.0 * (1.0 + z / 4.0 * (1.0 + z / 5.0 * (1.0 + z / 6.0)))));
  }
  return 1.0 - exp(z);
}
//#end if ADAM
//#if GUARDED
@group(0) @binding({{GUARD}}) var<storage, read> guard: array<u32>;
//#end if GUARDED

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * (groups.x * 64u) + id.x;
  if (i >= uniforms.vectors) { return; }
//#if GUARDED
  if ((guard[0] & 0x7f800000u) == 0x7f800000u) { return; }
//#end if GUARDED
  let rate = learningRate[0];
  let t = state[0] + 1.0;
  var p = parameter[i];
  var g = gradient[i];
//#if DECOUPLED
  p = p * (1.0 - rate * uniforms.decay);
//#else
  g = g + uniforms.decay * p;
//#end if DECOUPLED
//#if ADAM
  let m = first[i] + uniforms.rest1 * (g - first[i]);
  let v = uniforms.beta2 * second[i] + uniforms.rest2 * g * g;
  let step = rate / biasCorrection(t, uniforms.logBeta1);
  let scale = sqrt(biasCorrection(t, uniforms.logBeta2));
  parameter[i] = p - step * m / (sqrt(v) / scale + uniforms.epsilon);
  first[i] = m;
  second[i] = v;
//#else
  let m = select(uniforms.beta1 * first[i] + g, g, t == 1.0);
  parameter[i] = p - rate * m;
  first[i] = m;
//#end if ADAM
}
