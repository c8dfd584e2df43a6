import { answerJob } from "../../src/forecast/engine/answer-job.ts";
import type { ForecastJob } from "../../src/forecast/engine/forecast-job.ts";
import { selectMembers } from "../../src/forecast/registry.ts";

/** A worker in which one member's fit takes memory without end. */
export function runJob(job: ForecastJob): unknown {
  const members = selectMembers(job.members).members.map((member) =>
    member.name === "dhr-ar" ? { ...member, fit: () => devour() } : member,
  );
  return answerJob(job, members, () => performance.now());
}

function devour(): never {
  let chain: unknown;
  for (;;) chain = { before: chain, pad: [1, 2, 3] };
}
