import type { Forecaster } from "../forecaster.ts";
import { lstmNetwork } from "../neural/lstm-network.ts";
import { neuralMember } from "../neural/neural-member.ts";

/**
 * A long short-term memory network over the last day, trained here: quantiles at every step ahead, as
 * corrections to a mixture of recent and same-time values.
 */
export const lstm: Forecaster = neuralMember(lstmNetwork);
