import { readFileSync } from "node:fs";
import { writeDurably } from "./durable-file.ts";
import { isSameProcess } from "./process-identity.ts";

/** How to find and speak to a running supervisor. Holds a secret, so the file has mode 0600. */
export interface Endpoint {
  readonly schema: 1;
  readonly service: string;
  readonly pid: number;
  /** From `processStartTime`: tells the supervisor from a later process with the same pid. */
  readonly startTime: string;
  readonly controlUrl: string;
  readonly routerUrl: string;
  readonly token: string;
}

/** The state file lies beside the endpoint file: one platform, one set of files. */
export function stateFileOf(endpointFile: string): string {
  return `${endpointFile}.state`;
}

/** Where a supervisor in a clone puts the units' program with its types stripped. */
export function plainUnitFileOf(endpointFile: string): string {
  return `${endpointFile}.unit.mjs`;
}

/** undefined when there is no file or it holds no endpoint. */
export function readEndpoint(endpointFile: string): Endpoint | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(endpointFile, "utf8"));
    return isEndpoint(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export async function writeEndpoint(endpointFile: string, endpoint: Endpoint): Promise<void> {
  await writeDurably(endpointFile, `${JSON.stringify(endpoint, null, 2)}\n`);
}

/** False only when the recorded process is provably not there: no file, or its pid is free or somebody else's. */
export function mayBeAlive(endpointFile: string): boolean {
  const endpoint = readEndpoint(endpointFile);
  return endpoint !== undefined && isSameProcess(endpoint.pid, endpoint.startTime);
}

function isEndpoint(value: unknown): value is Endpoint {
  if (typeof value !== "object" || value === null) return false;
  const fields = value as Record<string, unknown>;
  const texts = ["service", "startTime", "controlUrl", "routerUrl", "token"];
  return (
    fields["schema"] === 1 && Number.isInteger(fields["pid"]) && texts.every((name) => isText(fields[name]))
  );
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}
