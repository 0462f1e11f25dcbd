/** Names of the landmarks in words. */
export const LANDMARK_TITLES = {
  ps1: 'inferior end of the pubic symphysis',
  ps2: 'superior end of the pubic symphysis',
  fh1: 'tangent point on the fetal skull',
} as const;
