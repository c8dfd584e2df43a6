import type { ActivityEvent } from "../../src/model/activity.ts";

export const START_MS = Date.parse("2026-01-05T00:00:00Z");

export function event(fields: Partial<ActivityEvent> = {}): ActivityEvent {
  return {
    atMs: START_MS,
    user: "u",
    method: "GET",
    endpoint: "/a",
    status: 200,
    bytes: 100,
    responseMs: undefined,
    databaseMs: undefined,
    device: "desktop",
    agent: "browser",
    referrer: undefined,
    sla: undefined,
    region: undefined,
    ...fields,
  };
}
