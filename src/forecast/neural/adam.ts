/** First and second moments of the gradient, and how many updates they have seen. */
export interface AdamState {
  readonly mean: Float64Array;
  readonly square: Float64Array;
  readonly updates: number;
}

export function newAdam(size: number): AdamState {
  return { mean: new Float64Array(size), square: new Float64Array(size), updates: 0 };
}

const MEAN_DECAY = 0.9;
const SQUARE_DECAY = 0.98;
const LARGEST_NORM = 1;

/**
 * One update of `weights` in place (Kingma and Ba 2015), the gradient cut to norm 1 first: one spike in
 * demand must not undo what was learned. Clears `gradient`; returns the state for the next update.
 */
export function adamUpdate(
  weights: Float64Array,
  gradient: Float64Array,
  state: AdamState,
  rate: number,
): AdamState {
  const { mean, square } = state;
  const updates = state.updates + 1;
  let squares = 0;
  for (const slope of gradient) squares += slope * slope;
  const cut = Math.min(1, LARGEST_NORM / Math.sqrt(squares + 1e-30));
  const stepSize = rate / (1 - MEAN_DECAY ** updates);
  const correction = 1 / (1 - SQUARE_DECAY ** updates);
  for (let i = 0; i < weights.length; i++) {
    const slope = (gradient[i] as number) * cut;
    const m = MEAN_DECAY * (mean[i] as number) + (1 - MEAN_DECAY) * slope;
    const v = SQUARE_DECAY * (square[i] as number) + (1 - SQUARE_DECAY) * slope * slope;
    mean[i] = m;
    square[i] = v;
    weights[i] = (weights[i] as number) - (stepSize * m) / (Math.sqrt(v * correction) + 1e-6);
  }
  gradient.fill(0);
  return { mean, square, updates };
}
