import type { Forecaster } from "../forecaster.ts";
import { neuralMember } from "../neural/neural-member.ts";
import { transformerNetwork } from "../neural/transformer-network.ts";

/**
 * A small Transformer over the last day, trained here: each step ahead is a query that looks at the tokens of
 * the past, its answer a correction to a mixture of recent and same-time values.
 */
export const transformer: Forecaster = neuralMember(transformerNetwork);
