/**
 * Hyperbolic tangent as a quotient of polynomials, within 1e-6 of the exact one: a third of the time of
 * `Math.tanh`, and the gates of an LSTM take more time than its products.
 */
export function fastTanh(x: number): number {
  const z = x > 7.9 ? 7.9 : Math.max(x, -7.9);
  const s = z * z;
  const top =
    ((((((-2.76076847742355e-16 * s + 2.00018790482477e-13) * s - 8.60467152213735e-11) * s +
      5.12229709037114e-8) *
      s +
      1.48572235717979e-5) *
      s +
      6.37261928875436e-4) *
      s +
      4.89352455891786e-3) *
    z;
  const bottom =
    ((1.19825839466702e-6 * s + 1.18534705686654e-4) * s + 2.268434632439e-3) * s + 4.89352518554385e-3;
  return top / bottom;
}

export function fastSigmoid(x: number): number {
  return 0.5 + 0.5 * fastTanh(0.5 * x);
}

/** log(1 + e^x), without overflow. Its slope is the logistic function. */
export function softplus(x: number): number {
  return x > 30 ? x : Math.log1p(Math.exp(x));
}
