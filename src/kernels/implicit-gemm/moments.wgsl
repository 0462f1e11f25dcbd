// Mean and M2 = Σ (x − mean)² of some rows, for each channel, and how two such parts become one (Chan's formula):
//   n = nₐ + n_b,  δ = mean_b − meanₐ,  mean = meanₐ + δ·n_b/n,  M2 = M2ₐ + M2_b + δ²·nₐ·n_b/n,
// which, unlike E[x²] − E[x]², loses nothing when the mean is large beside the deviation. Of an infinite mean it would
// make NaN, so there the mean is the weighted one.
alias V = {{VECTOR}};
alias Words = {{WORDS}};

struct Moments { count: f32, mean: V, m2: V }

fn join(a: Moments, b: Moments) -> Moments {
  let count = a.count + b.count;
  let share = b.count / max(count, 1.0);
  let delta = b.mean - a.mean;
  let finite = (bitcast<Words>(delta) & Words(0x7fffffff)) < Words(0x7f800000);
  let mean = select(a.mean * (1.0 - share) + b.mean * share, a.mean + delta * share, finite);
  return Moments(count, mean, a.m2 + b.m2 + delta * delta * (a.count * share));
}
