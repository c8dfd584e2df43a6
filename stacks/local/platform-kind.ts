import { existsSync } from "node:fs";
import { callControl } from "../../src/local/control-client.ts";
import { mayBeAlive, readEndpoint, stateFileOf } from "../../src/local/endpoint-file.ts";
import { startSupervisor } from "../../src/local/start-supervisor.ts";
import { stopSupervisor } from "../../src/local/stop-supervisor.ts";
import type { SupervisorSettings } from "../../src/local/supervisor-settings.ts";
import {
  absolutePath,
  amount,
  type InputRules,
  type Props,
  serviceName,
  tags,
  whole,
} from "./input-rules.ts";
import type { ResourceKind } from "./resource-kind.ts";

const SETTING_RULES: InputRules = {
  service: serviceName(),
  routerPort: whole(0, 65_535),
  slotsPerUnit: whole(1, 1_000),
  serviceTimeMs: amount(0.1, 60_000),
  latencyObjectiveMs: amount(0.1, 600_000),
  startMedianMs: amount(0, 600_000),
  startSigma: amount(0, 2),
  drainMs: amount(0, 600_000),
  queueLimit: whole(0, 100_000),
  maxUnits: whole(1, 200),
};

/** The base of a platform: its supervisor, with router and settings. Units are the tiers' business. */
export const platformKind: ResourceKind = {
  type: "tiercast:local:Platform",
  rules: { ...SETTING_RULES, endpointFile: absolutePath(), logFile: absolutePath(), tags: tags() },
  complete: (news) => news,
  conflicts: () => [],
  ignored: [],
  replacing: ["service", "endpointFile"],
  // A dead supervisor makes the next update start it again, with the sizes its state file remembers.
  needsRepair: (olds) => !mayBeAlive(String(olds["endpointFile"])),
  idOf: (inputs) => `${inputs["service"]}/platform`,
  put: async (inputs) => {
    const endpointFile = String(inputs["endpointFile"]);
    await startSupervisor({ endpointFile, logFile: String(inputs["logFile"]), settings: settingsOf(inputs) });
    return outputsOf(inputs, endpointFile, true);
  },
  read: async (inputs) => {
    const endpointFile = String(inputs["endpointFile"]);
    if (!mayBeAlive(endpointFile)) return readStopped(inputs, endpointFile);
    const settings = (await callControl(endpointFile, "GET", "/settings")) as Props;
    const present = { ...inputs, ...settings };
    return { inputs: present, outputs: outputsOf(present, endpointFile, true) };
  },
  remove: async (outputs) => {
    await stopSupervisor(String(outputs["endpointFile"]));
  },
};

/** Only `down` removes both files. One that died left something, and is not gone but in need of a start. */
function readStopped(inputs: Props, endpointFile: string) {
  if (!existsSync(endpointFile) && !existsSync(stateFileOf(endpointFile))) return undefined;
  return { inputs, outputs: outputsOf(inputs, endpointFile, false) };
}

function outputsOf(inputs: Props, endpointFile: string, running: boolean): Props {
  return { ...inputs, running, routerUrl: readEndpoint(endpointFile)?.routerUrl ?? "" };
}

function settingsOf(inputs: Props): SupervisorSettings {
  const settings = Object.keys(SETTING_RULES).map((name) => [name, inputs[name]]);
  return Object.fromEntries(settings) as unknown as SupervisorSettings;
}
