/** How far a build from Go modules has come. Weights are source files, closer to compile time than packages. */
export interface BuildState {
  readonly phase: "fetch" | "compile" | "link";
  readonly fetchedModules: number;
  /** Modules that the build needs at most; some may be there already. */
  readonly allModules: number;
  readonly compiledFiles: number;
  /** Files of the packages that the Go cache does not have yet. */
  readonly filesToCompile: number;
  /** Wall time spent in each phase so far. */
  readonly fetchMs: number;
  readonly compileMs: number;
  readonly linkMs: number;
}

export interface Outlook {
  readonly fraction: number;
  readonly etaMs: number;
}

/**
 * Share of a cold build's compile time (right) after which that share of the source files (left) had gone through
 * the compiler. Measured: 1397 packages, 6924 files, 2 cores, 146 s. The last packages need all others, so the end
 * runs on one core.
 */
const COMPILE_CURVE: readonly (readonly [number, number])[] = [
  [0, 0],
  [0.19, 0.1],
  [0.38, 0.2],
  [0.52, 0.3],
  [0.63, 0.4],
  [0.74, 0.5],
  [0.84, 0.6],
  [0.855, 0.7],
  [0.87, 0.8],
  [0.94, 0.9],
  [1, 1],
];
const FETCH_MS_PER_MODULE = 300;
const CORE_MS_PER_FILE = 42;
/** 6924 files of 267 modules, the standard library's included. */
const FILES_PER_MODULE = 26;
const LINK_MS = 5_000;
/** Below this share of a phase its own speed says little, and the measured machine's speed stands in. */
const TRUSTED_SHARE = 0.1;

/**
 * Where the build stands and how long it will take.
 *
 * Each phase still to come is expected to take what it took on the measured machine (per core); the running phase
 * is extrapolated from its own speed once a tenth of it is done. `fraction` = spent / (spent + left).
 */
export function buildOutlook(state: BuildState, cores: number): Outlook {
  const compileShare =
    state.phase === "fetch" ? 0 : curve(state.compiledFiles / Math.max(1, state.filesToCompile));
  const left =
    fetchLeft(state) +
    (state.phase === "link" ? 0 : compileLeft(state, compileShare, cores)) +
    linkLeft(state);
  const spent = state.fetchMs + state.compileMs + state.linkMs;
  return { fraction: spent / (spent + left), etaMs: Math.round(left) };
}

/** The linker tells nothing; once it is late (a busy machine), half of what it took so far is expected again. */
function linkLeft(state: BuildState): number {
  return Math.max(LINK_MS - state.linkMs, state.linkMs / 2);
}

function fetchLeft(state: BuildState): number {
  if (state.phase !== "fetch" || state.fetchedModules === 0) return 0;
  const share = state.fetchedModules / Math.max(state.allModules, state.fetchedModules + 1);
  if (share >= TRUSTED_SHARE) return (state.fetchMs / share) * (1 - share);
  return (state.allModules - state.fetchedModules) * FETCH_MS_PER_MODULE;
}

function compileLeft(state: BuildState, share: number, cores: number): number {
  // Until the Go cache has been asked, nothing of the build is taken for done.
  const files = state.phase === "fetch" ? state.allModules * FILES_PER_MODULE : state.filesToCompile;
  const prior = (files * CORE_MS_PER_FILE) / Math.max(1, cores);
  const whole = share >= TRUSTED_SHARE ? state.compileMs / share : prior;
  return whole * (1 - share);
}

function curve(share: number): number {
  const x = Math.min(1, Math.max(0, share));
  for (let i = 1; i < COMPILE_CURVE.length; i++) {
    const [x0, y0] = COMPILE_CURVE[i - 1] ?? [0, 0];
    const [x1, y1] = COMPILE_CURVE[i] ?? [1, 1];
    if (x <= x1) return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
  }
  return 1;
}
