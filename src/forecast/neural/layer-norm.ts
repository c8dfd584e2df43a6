const LEAST_VARIANCE = 1e-5;

/** What the backward pass of a layer norm needs, for up to `rows` rows of `width`. */
export interface LayerNormPass {
  /** Rows with mean 0 and variance 1, before gain and shift. */
  readonly plain: Float64Array;
  /** 1 / standard deviation of each row. */
  readonly inverse: Float64Array;
}

export function newLayerNormPass(rows: number, width: number): LayerNormPass {
  return { plain: new Float64Array(rows * width), inverse: new Float64Array(rows) };
}

/** Layer norm (Ba 2016) of each row; weights from `at` on: gains `[width]`, shifts `[width]`. */
export function layerNormForward(
  out: Float64Array,
  input: Float64Array,
  weights: Float64Array,
  at: number,
  rows: number,
  width: number,
  pass: LayerNormPass,
): void {
  for (let row = 0; row < rows; row++) {
    const from = row * width;
    let sum = 0;
    for (let j = 0; j < width; j++) sum += input[from + j] as number;
    const mean = sum / width;
    let squares = 0;
    for (let j = 0; j < width; j++) squares += ((input[from + j] as number) - mean) ** 2;
    const inverse = 1 / Math.sqrt(squares / width + LEAST_VARIANCE);
    pass.inverse[row] = inverse;
    for (let j = 0; j < width; j++) {
      const plain = ((input[from + j] as number) - mean) * inverse;
      pass.plain[from + j] = plain;
      out[from + j] = plain * (weights[at + j] as number) + (weights[at + width + j] as number);
    }
  }
}

/** Adds the slopes of weights to `gradient` and those of the input to `inputSlopes`. */
export function layerNormBackward(
  inputSlopes: Float64Array,
  slopes: Float64Array,
  weights: Float64Array,
  gradient: Float64Array,
  at: number,
  rows: number,
  width: number,
  pass: LayerNormPass,
): void {
  for (let row = 0; row < rows; row++) {
    const from = row * width;
    let sum = 0;
    let product = 0;
    for (let j = 0; j < width; j++) {
      const slope = slopes[from + j] as number;
      const plain = pass.plain[from + j] as number;
      gradient[at + j] = (gradient[at + j] as number) + slope * plain;
      gradient[at + width + j] = (gradient[at + width + j] as number) + slope;
      const inner = slope * (weights[at + j] as number);
      sum += inner;
      product += inner * plain;
    }
    const inverse = pass.inverse[row] as number;
    for (let j = 0; j < width; j++) {
      const inner = (slopes[from + j] as number) * (weights[at + j] as number);
      const plain = pass.plain[from + j] as number;
      inputSlopes[from + j] =
        (inputSlopes[from + j] as number) + inverse * (inner - sum / width - (plain * product) / width);
    }
  }
}
