import { seededDraws } from "../sketch/hash.ts";

/**
 * A small recurrent network over steps: embedding, one gated recurrent layer (Cho et al. 2014), softmax. Weights in one
 * array: embedding `[endpoints x width]`; for update, reset and candidate each input `[width x width]`, recurrent
 * `[width x width]`, bias `[width]`; output `[endpoints x width]` and bias `[endpoints]`.
 */
export interface GatedNetwork {
  readonly names: readonly string[];
  readonly ids: ReadonlyMap<string, number>;
  readonly width: number;
  readonly weights: Float64Array;
}

export interface TrainingSettings {
  readonly width: number;
  readonly maxEndpoints: number;
  readonly epochs: number;
  readonly rate: number;
  readonly seed: number;
}

export const TRAINING_SETTINGS: TrainingSettings = {
  width: 24,
  maxEndpoints: 300,
  epochs: 4,
  rate: 0.01,
  seed: 1,
};

const LONGEST = 24;
const BATCH = 16;
const OTHER = 0;

/** Trains on paths in their order of time; deterministic for a seed. */
export function trainNetwork(
  paths: readonly (readonly string[])[],
  settings: TrainingSettings = TRAINING_SETTINGS,
): GatedNetwork {
  const names = ["(other)", ...frequent(paths, settings.maxEndpoints)];
  const ids = new Map(names.map((name, id) => [name, id]));
  const network = { names, ids, width: settings.width, weights: startWeights(names.length, settings) };
  const used = paths
    .filter((path) => path.length > 1)
    .map((path) => path.map((name) => ids.get(name) ?? OTHER));
  const adam = {
    mean: new Float64Array(network.weights.length),
    square: new Float64Array(network.weights.length),
  };
  const gradient = new Float64Array(network.weights.length);
  let updates = 0;
  for (let epoch = 0; epoch < settings.epochs; epoch++) {
    for (let from = 0; from < used.length; from += BATCH) {
      gradient.fill(0);
      const batch = used.slice(from, from + BATCH);
      const steps = batch.reduce((sum, path) => sum + lossAndSlopes(network, path, gradient).steps, 0);
      updates++;
      const rate = settings.rate / (1 + epoch);
      update(network.weights, gradient, adam, { rate, updates, scale: 1 / Math.max(1, steps) });
    }
  }
  return network;
}

/** Endpoints that may follow `recent`, likeliest first, at most `most`. */
export function rankByNetwork(network: GatedNetwork, recent: readonly string[], most = 3): readonly string[] {
  const path = recent.slice(-LONGEST).map((name) => network.ids.get(name) ?? OTHER);
  const { states } = forward(network, path);
  const last = states.at(-1) ?? new Float64Array(network.width);
  const scores = scoresOf(network, last);
  return [...scores.keys()]
    .filter((id) => id !== OTHER)
    .sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0))
    .slice(0, most)
    .map((id) => network.names[id] ?? "");
}

/** Sum of -ln p of each step after the first, its slopes added to `gradient`. Steps of rare endpoints teach nothing. */
export function lossAndSlopes(
  network: GatedNetwork,
  wholePath: readonly number[],
  gradient: Float64Array,
): { readonly loss: number; readonly steps: number } {
  const path = wholePath.slice(0, LONGEST);
  const trace = forward(network, path.slice(0, -1));
  const slopes = trace.states.map(() => new Float64Array(network.width));
  let [loss, steps] = [0, 0];
  for (const [t, state] of trace.states.entries()) {
    const truth = path[t + 1] ?? OTHER;
    if (truth === OTHER) continue;
    steps++;
    loss += outputSlopes(network, state, truth, gradient, slopes[t] ?? new Float64Array(0));
  }
  let carried = new Float64Array(network.width);
  for (let t = trace.states.length - 1; t >= 0; t--) {
    const slope = (slopes[t] ?? carried).map((value, i) => value + (carried[i] ?? 0));
    carried = stepBackward(network, trace, t, path[t] ?? OTHER, slope, gradient);
  }
  return { loss, steps };
}

interface Trace {
  readonly states: readonly Float64Array[];
  /** Update, reset and candidate of each step. */
  readonly gates: readonly (readonly [Float64Array, Float64Array, Float64Array])[];
}

/** Where the three blocks of gates and the output begin. */
function layout({ names, width }: Pick<GatedNetwork, "names" | "width">) {
  const block = 2 * width * width + width;
  const gatesAt = names.length * width;
  const outputAt = gatesAt + 3 * block;
  return { block, gatesAt, outputAt, biasAt: outputAt + names.length * width };
}

function forward(network: GatedNetwork, path: readonly number[]): Trace {
  const { width, weights } = network;
  const states: Float64Array[] = [];
  const gates: [Float64Array, Float64Array, Float64Array][] = [];
  let state: Float64Array = new Float64Array(width);
  for (const id of path) {
    const input = weights.subarray(id * width, (id + 1) * width);
    const opened = gateOf(network, 0, input, state, sigmoid);
    const reset = gateOf(network, 1, input, state, sigmoid);
    const before = state;
    const candidate = gateOf(
      network,
      2,
      input,
      reset.map((value, i) => value * (before[i] ?? 0)),
      Math.tanh,
    );
    state = before.map((value, i) => value + (opened[i] ?? 0) * ((candidate[i] ?? 0) - value));
    gates.push([opened, reset, candidate]);
    states.push(state);
  }
  return { states, gates };
}

function gateOf(
  network: GatedNetwork,
  gate: number,
  input: Float64Array,
  state: Float64Array,
  activate: (value: number) => number,
): Float64Array {
  const { width, weights } = network;
  const { block, gatesAt } = layout(network);
  const at = gatesAt + gate * block;
  const out = new Float64Array(width);
  for (let i = 0; i < width; i++) {
    let sum = weights[at + 2 * width * width + i] as number;
    for (let j = 0; j < width; j++) {
      sum += (weights[at + i * width + j] as number) * (input[j] as number);
      sum += (weights[at + width * width + i * width + j] as number) * (state[j] as number);
    }
    out[i] = activate(sum);
  }
  return out;
}

function scoresOf(network: GatedNetwork, state: Float64Array): Float64Array {
  const { names, width, weights } = network;
  const { outputAt, biasAt } = layout(network);
  const scores = new Float64Array(names.length);
  for (let id = 0; id < names.length; id++) {
    let sum = weights[biasAt + id] as number;
    for (let j = 0; j < width; j++)
      sum += (weights[outputAt + id * width + j] as number) * (state[j] as number);
    scores[id] = sum;
  }
  return scores;
}

function outputSlopes(
  network: GatedNetwork,
  state: Float64Array,
  truth: number,
  gradient: Float64Array,
  slope: Float64Array,
): number {
  const { width, weights } = network;
  const { outputAt, biasAt } = layout(network);
  const scores = scoresOf(network, state);
  const top = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const total = scores.reduce((sum, score) => sum + Math.exp(score - top), 0);
  for (const [id, score] of scores.entries()) {
    const error = Math.exp(score - top) / total - (id === truth ? 1 : 0);
    gradient[biasAt + id] = (gradient[biasAt + id] as number) + error;
    for (let j = 0, at = outputAt + id * width; j < width; j++, at++) {
      gradient[at] = (gradient[at] as number) + error * (state[j] as number);
      slope[j] = (slope[j] as number) + error * (weights[at] as number);
    }
  }
  return Math.log(total) - ((scores[truth] ?? 0) - top);
}

/** Slopes of one step; returns those with respect to the state before. */
function stepBackward(
  network: GatedNetwork,
  { states, gates }: Trace,
  t: number,
  id: number,
  slope: Float64Array,
  gradient: Float64Array,
): Float64Array<ArrayBuffer> {
  const { width, weights } = network;
  const none = new Float64Array(width);
  const before = states[t - 1] ?? none;
  const [opened, reset, candidate] = gates[t] ?? [none, none, none];
  const input = weights.subarray(id * width, (id + 1) * width);
  const inputSlope = gradient.subarray(id * width, (id + 1) * width);
  const carried = new Float64Array(width);
  for (let i = 0; i < width; i++) carried[i] = (slope[i] as number) * (1 - (opened[i] as number));
  const own = candidate.map((c, i) => (slope[i] as number) * (opened[i] as number) * (1 - c * c));
  const resetState = reset.map((r, i) => r * (before[i] as number));
  const intoReset = new Float64Array(width);
  gateBackward(network, 2, { own, input, state: resetState, inputSlope, stateSlope: intoReset, gradient });
  for (let i = 0; i < width; i++)
    carried[i] = (carried[i] as number) + (intoReset[i] as number) * (reset[i] as number);
  const ofReset = reset.map((r, i) => (intoReset[i] as number) * (before[i] as number) * r * (1 - r));
  gateBackward(network, 1, { own: ofReset, input, state: before, inputSlope, stateSlope: carried, gradient });
  const ofOpened = opened.map(
    (z, i) => (slope[i] as number) * ((candidate[i] as number) - (before[i] as number)) * z * (1 - z),
  );
  gateBackward(network, 0, {
    own: ofOpened,
    input,
    state: before,
    inputSlope,
    stateSlope: carried,
    gradient,
  });
  return carried;
}

interface GateSlopes {
  readonly own: Float64Array;
  readonly input: Float64Array;
  readonly state: Float64Array;
  readonly inputSlope: Float64Array;
  readonly stateSlope: Float64Array;
  readonly gradient: Float64Array;
}

function gateBackward(network: GatedNetwork, gate: number, slopes: GateSlopes): void {
  const { own, input, state, inputSlope, stateSlope, gradient } = slopes;
  const { width, weights } = network;
  const { block, gatesAt } = layout(network);
  const at = gatesAt + gate * block;
  for (let i = 0; i < width; i++) {
    const value = own[i] as number;
    const bias = at + 2 * width * width + i;
    gradient[bias] = (gradient[bias] as number) + value;
    for (let j = 0; j < width; j++) {
      const fromInput = at + i * width + j;
      const fromState = fromInput + width * width;
      gradient[fromInput] = (gradient[fromInput] as number) + value * (input[j] as number);
      gradient[fromState] = (gradient[fromState] as number) + value * (state[j] as number);
      inputSlope[j] = (inputSlope[j] as number) + value * (weights[fromInput] as number);
      stateSlope[j] = (stateSlope[j] as number) + value * (weights[fromState] as number);
    }
  }
}

function startWeights(endpoints: number, { width, seed }: TrainingSettings): Float64Array {
  const draw = seededDraws(seed);
  const { biasAt } = layout({ names: { length: endpoints } as readonly string[], width });
  const weights = new Float64Array(biasAt + endpoints);
  const limit = Math.sqrt(3 / width);
  for (let i = 0; i < biasAt; i++) weights[i] = (2 * draw() - 1) * limit;
  return weights;
}

/** Adam (Kingma and Ba 2015) on the mean slope of a step, cut to norm 1. */
function update(
  weights: Float64Array,
  gradient: Float64Array,
  { mean, square }: { readonly mean: Float64Array; readonly square: Float64Array },
  { rate, updates, scale }: { readonly rate: number; readonly updates: number; readonly scale: number },
): void {
  let squares = 0;
  for (const slope of gradient) squares += slope * slope;
  const cut = scale * Math.min(1, 1 / (scale * Math.sqrt(squares) + 1e-30));
  const correction = Math.sqrt(1 - 0.999 ** updates) / (1 - 0.9 ** updates);
  for (let i = 0; i < weights.length; i++) {
    const slope = (gradient[i] as number) * cut;
    const m = 0.9 * (mean[i] as number) + 0.1 * slope;
    const v = 0.999 * (square[i] as number) + 0.001 * slope * slope;
    mean[i] = m;
    square[i] = v;
    weights[i] = (weights[i] as number) - (rate * correction * m) / (Math.sqrt(v) + 1e-8);
  }
}

function frequent(paths: readonly (readonly string[])[], most: number): readonly string[] {
  const counts = new Map<string, number>();
  for (const path of paths) for (const name of path) counts.set(name, (counts.get(name) ?? 0) + 1);
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return sorted.slice(0, most).map(([name]) => name);
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}
