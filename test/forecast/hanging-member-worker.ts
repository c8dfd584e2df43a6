import { answerJob } from "../../src/forecast/engine/answer-job.ts";
import type { ForecastJob } from "../../src/forecast/engine/forecast-job.ts";
import { selectMembers } from "../../src/forecast/registry.ts";

/** A worker in which one member's fit never ends. */
export function runJob(job: ForecastJob): unknown {
  const members = selectMembers(job.members).members.map((member) =>
    member.name === "dhr-ar" ? { ...member, fit: () => hang() } : member,
  );
  return answerJob(job, members, () => performance.now());
}

function hang(): never {
  for (;;) Math.sqrt(2);
}
