import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { ADMIN, type ClusterAccess, grant, type UserRules, writeAccess } from "./access.ts";
import { createKubeClient, type KubeClient } from "./kube-client.ts";
import { createNodes, type NodeShape, nodesReady } from "./nodes.ts";
import type { ClusterPrograms } from "./programs.ts";
import {
  apiServerCommand,
  type ClusterPorts,
  controllersCommand,
  etcdCommand,
  kwokCommand,
  schedulerCommand,
} from "./server-commands.ts";
import { logTail, type ServerProcess, startServer, startWatch } from "./server-process.ts";
import { until } from "./until.ts";

export interface ClusterOptions {
  readonly programs: Omit<ClusterPrograms, "providerFolder">;
  /** How many nodes of `cpu` and `memory`, called node-1, node-2 …; 3 of 8 cores and 16Gi. */
  readonly nodes?: number;
  readonly cpu?: string;
  readonly memory?: string;
  /** Users with a token and no rights; more than these cannot be had later. */
  readonly users?: readonly string[];
  /** Install the Gateway API's definitions (0.5 s); on by default. */
  readonly gatewayApi?: boolean;
  readonly deadlineMs?: number;
}

/** How the API server comes back. */
export interface ApiServerStart {
  /** `expired`: its certificate ended yesterday. */
  readonly certificate?: "serving" | "expired";
  /** Added to its command line, e.g. `--max-requests-inflight=1`. */
  readonly extra?: readonly string[];
}

/** The API server alone, for outages; etcd and the rest go on and find it again. */
export interface ApiServerControl {
  stop(): Promise<void>;
  /** Resolves when it answers (with an expired certificate: when its port does). */
  start(how?: ApiServerStart): Promise<void>;
  /** SIGSTOP: connections are taken and nobody is answered. */
  pause(): void;
  resume(): void;
}

export interface Cluster {
  /** Removed by `stop`. */
  readonly folder: string;
  readonly url: string;
  readonly authorityPem: string;
  /** File of the user `admin`, who may do everything. */
  readonly kubeconfig: string;
  readonly client: KubeClient;
  readonly apiServer: ApiServerControl;
  /** A user's file; with `rules` it is granted them first, beside what it has. */
  kubeconfigOf(user: string, rules?: UserRules): Promise<string>;
  /** Resolves when they are Ready. */
  addNodes(nodes: readonly NodeShape[]): Promise<void>;
  /** The end of a server's log: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok. */
  logTail(server: string): string;
  /** Ends all servers and removes the folder; may be called again. */
  stop(): Promise<void>;
}

export const DEFAULT_USERS = ["tiercast", "person"] as const;
const DEADLINE_MS = 120_000;

/**
 * A cluster of its own on free loopback ports: etcd, API server (RBAC, static tokens), controllers, scheduler and
 * KWOK's nodes, in a new temporary folder. Resolves when the nodes are Ready. When this process dies, in whatever
 * way, all of it goes too. A start that fails leaves nothing and says the end of the log that tells why.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), "tiercast-cluster-"));
  const watch = startWatch(folder);
  const [etcd = 0, etcdPeer = 0, api = 0, kwok = 0] = await freePorts(4);
  const state: ClusterState = {
    options,
    folder,
    ports: { etcd, etcdPeer, api, kwok },
    access: writeAccess(folder, `https://127.0.0.1:${api}`, options.users ?? DEFAULT_USERS),
    servers: new Map(),
    deadlineMs: options.deadlineMs ?? DEADLINE_MS,
  };
  const client = createKubeClient(state.access.admin);
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= stopAll(state, client, watch.end);
    return stopping;
  };
  try {
    await startAll(state, client);
    return clusterOf(state, client, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

interface ClusterState {
  readonly options: ClusterOptions;
  readonly folder: string;
  readonly ports: ClusterPorts;
  readonly access: ClusterAccess;
  readonly servers: Map<string, ServerProcess>;
  readonly deadlineMs: number;
}

async function startAll(state: ClusterState, client: KubeClient): Promise<void> {
  const { programs, nodes = 3, cpu = "8", memory = "16Gi", gatewayApi = true } = state.options;
  const kubeconfig = state.access.kubeconfigs[ADMIN] ?? "";
  start(state, etcdCommand(programs, state.ports, state.folder));
  await startApiServer(state, client, {});
  start(state, controllersCommand(programs, kubeconfig, state.folder));
  start(state, schedulerCommand(programs, kubeconfig));
  start(state, kwokCommand(programs, kubeconfig, state.ports));
  if (gatewayApi) await installDefinitions(client, programs.gatewayApi);
  const shapes = Array.from({ length: nodes }, (_, index) => ({ name: `node-${index + 1}`, cpu, memory }));
  await createNodes(client, shapes);
  await nodesReady(
    client,
    shapes.map(({ name }) => name),
    state.deadlineMs,
    () => firstEnded(state),
  );
}

function start(state: ClusterState, command: Parameters<typeof startServer>[0]): void {
  state.servers.set(command.name, startServer(command, state.folder));
}

async function startApiServer(state: ClusterState, client: KubeClient, how: ApiServerStart): Promise<void> {
  const { certificate = "serving", extra = [] } = how;
  const { options, ports, folder } = state;
  start(state, apiServerCommand(options.programs, ports, folder, certificate, extra));
  const waiting = { deadlineMs: state.deadlineMs, broken: () => firstEnded(state) };
  await until("the API server answers", waiting, async () => {
    // With a certificate that has ended only the refusal shows that it is there.
    if (certificate === "expired")
      return client.request("GET", "/readyz").then(
        () => true,
        (error: { readonly code?: string }) => error.code === "CERT_HAS_EXPIRED",
      );
    if ((await client.request("GET", "/readyz")).status !== 200) return false;
    return (await client.request("GET", "/api/v1/namespaces/default")).status === 200;
  });
}

function firstEnded({ servers }: ClusterState): string | undefined {
  for (const server of servers.values()) {
    const ended = server.ended();
    if (ended !== undefined) return ended;
  }
  return undefined;
}

async function installDefinitions(client: KubeClient, files: readonly string[]): Promise<void> {
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const definitions = files
    .map((file) => parse(readFileSync(file, "utf8")))
    .filter(({ kind }) => kind === "CustomResourceDefinition");
  for (const definition of definitions) await client.create(path, definition);
  await until("the Gateway API is served", { deadlineMs: 20_000 }, async () => {
    const { status, body } = await client.request("GET", "/apis/gateway.networking.k8s.io/v1");
    return status === 200 && body.resources.some(({ name }: { name: string }) => name === "httproutes");
  });
}

function clusterOf(state: ClusterState, client: KubeClient, stop: () => Promise<void>): Cluster {
  const apiServer = () => {
    const server = state.servers.get("kube-apiserver");
    if (server === undefined) throw new Error("the API server is stopped");
    return server;
  };
  return {
    folder: state.folder,
    url: state.access.admin.url,
    authorityPem: state.access.authorityPem,
    kubeconfig: state.access.kubeconfigs[ADMIN] ?? "",
    client,
    apiServer: {
      stop: async () => {
        await apiServer().stop();
        state.servers.delete("kube-apiserver");
      },
      start: (how = {}) => startApiServer(state, client, how),
      pause: () => apiServer().pause(),
      resume: () => apiServer().resume(),
    },
    kubeconfigOf: async (user, rules) => {
      const file = state.access.kubeconfigs[user];
      if (file === undefined) throw new Error(`no user ${user}: name it in \`users\` of startCluster`);
      if (rules !== undefined) await grant(client, user, rules);
      return file;
    },
    addNodes: async (nodes) => {
      await createNodes(client, nodes);
      await nodesReady(
        client,
        nodes.map(({ name }) => name),
        state.deadlineMs,
      );
    },
    logTail: (server) => logTail(state.folder, server),
    stop,
  };
}

/** The API server last but etcd: the others would fill their logs with its absence. */
async function stopAll(
  state: ClusterState,
  client: KubeClient,
  endWatch: () => Promise<void>,
): Promise<void> {
  client.close();
  const clients = [...state.servers.values()].filter(
    ({ name }) => !["etcd", "kube-apiserver"].includes(name),
  );
  await Promise.all(clients.map((server) => server.stop()));
  await state.servers.get("kube-apiserver")?.stop();
  await state.servers.get("etcd")?.stop();
  rmSync(state.folder, { recursive: true, force: true });
  await endWatch();
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  try {
    return await Promise.all(
      servers.map(
        (server) =>
          new Promise<number>((resolve, reject) => {
            server.once("error", reject);
            server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
          }),
      ),
    );
  } finally {
    for (const server of servers) server.close();
  }
}
