import type { FaultWorld } from "./fault-world.ts";
import type { NightDaemon } from "./night-daemon.ts";
import type { NightWatch } from "./night-watch.ts";

/** A person looks in: answers the plan that waits; a platform whose units crash goes on with that. */
export function peopleAct(
  { platform, person, clock, random }: FaultWorld,
  daemon: NightDaemon,
  watch: NightWatch,
): void {
  if (platform.troubles.crashLoops) platform.crashUnits(5);
  if (daemon.process()?.parts.settings.mode !== "suggest") return;
  const journal = daemon.journal();
  const plan = journal.pendingPlan(clock.nowMs());
  if (plan === null || person.answer === "dithers") return;
  if (person.answer === "rejects") {
    watch.say(`a person rejects plan ${plan.planHash}`);
    journal.rejectPlan(plan.planHash, "ann", clock.nowMs());
    return;
  }
  watch.say(`a person approves plan ${plan.planHash}`);
  if (journal.approvePlan(plan.planHash, "ann", clock.nowMs()).kind === "accepted")
    watch.approved(plan.stackInputs);
  // A second word on the same plan changes nothing.
  if (random() < 0.5 && journal.approvePlan(plan.planHash, "bob", clock.nowMs()).kind === "accepted")
    watch.broke("B5-40: one plan was approved twice");
}
