import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { groupAlive } from "../../src/apply/process-group.ts";
import { type Cluster, startCluster } from "./cluster/cluster.ts";
import { createKubeClient } from "./cluster/kube-client.ts";
import { KUBERNETES_VERSION, testedPrograms, whySkipped } from "./cluster/programs.ts";
import { until } from "./cluster/until.ts";
import { createWorkload, raiseFloor, readyReplicas, untilReady } from "./objects.ts";

const programs = testedPrograms();
const SHAPE = { cpu: "500m", memory: "256Mi", minReplicas: 3, maxReplicas: 12 };

describe.skipIf(programs.kind === "missing")(
  `a cluster of its own${whySkipped(programs)}`,
  { timeout: 120_000 },
  () => {
    let cluster: Cluster;
    beforeAll(async () => {
      if (programs.kind === "ready") cluster = await startCluster({ programs });
    }, 180_000);
    afterAll(() => cluster?.stop(), 60_000);

    test("it has the version, the nodes and the Gateway API that were asked for", async () => {
      expect(await cluster.client.get("/version")).toMatchObject({
        gitVersion: `v${KUBERNETES_VERSION}`,
        minor: "34",
      });
      const { items } = await cluster.client.get("/api/v1/nodes");
      expect(items.map((node: { metadata: { name: string } }) => node.metadata.name)).toEqual([
        "node-1",
        "node-2",
        "node-3",
      ]);
      expect(items[0].status.allocatable).toMatchObject({ cpu: "8", memory: "16Gi" });
      const { resources } = await cluster.client.get("/apis/gateway.networking.k8s.io/v1");
      expect(resources.map(({ name }: { name: string }) => name)).toContain("httproutes");
    });

    test("an HPA's floor becomes ready pods on its nodes, and a higher floor more of them", async () => {
      await createWorkload(cluster.client, { name: "web", ...SHAPE });
      await untilReady(cluster.client, "web", 3);
      await raiseFloor(cluster.client, "web", 8);
      await untilReady(cluster.client, "web", 8);
      const { items } = await cluster.client.get("/api/v1/namespaces/default/pods?labelSelector=app%3Dweb");
      expect(new Set(items.map((pod: { spec: { nodeName?: string } }) => pod.spec.nodeName)).size).toBe(3);
    });

    test("a pod for which no node has room stays pending, until a node comes", async () => {
      await createWorkload(cluster.client, { name: "large", ...SHAPE, cpu: "20", minReplicas: 1 });
      const pods = "/api/v1/namespaces/default/pods?labelSelector=app%3Dlarge";
      const said = await until("the scheduler says why", { deadlineMs: 60_000 }, async () => {
        const { items } = await cluster.client.get(pods);
        return items[0]?.status.conditions?.find(
          ({ reason }: { reason?: string }) => reason === "Unschedulable",
        )?.message;
      });
      expect(said).toContain("3 Insufficient cpu");
      await cluster.addNodes([{ name: "big", cpu: "32", memory: "64Gi", labels: { size: "big" } }]);
      await untilReady(cluster.client, "large", 1);
    });

    test("a named user may do what was granted and nothing else", async () => {
      const before = clientOf(cluster, await cluster.kubeconfigOf("tiercast"));
      expect((await before.request("GET", "/apis/apps/v1/namespaces/default/deployments")).status).toBe(403);
      const rules = [{ apiGroups: ["apps"], resources: ["deployments"], verbs: ["list"] }];
      await cluster.kubeconfigOf("tiercast", { namespace: "default", rules });
      await until("the grant holds", { deadlineMs: 10_000 }, async () => {
        const { status } = await before.request("GET", "/apis/apps/v1/namespaces/default/deployments");
        return status === 200;
      });
      expect((await before.request("GET", "/apis/apps/v1/namespaces/kube-system/deployments")).status).toBe(
        403,
      );
      expect(
        (await before.request("DELETE", "/apis/apps/v1/namespaces/default/deployments/web")).status,
      ).toBe(403);
      before.close();
      await expect(cluster.kubeconfigOf("nobody")).rejects.toThrow("no user nobody");
    });

    test("an outage: nobody answers, then the cluster is as it was", async () => {
      await cluster.apiServer.stop();
      await expect(cluster.client.get("/readyz")).rejects.toThrow(/ECONNREFUSED|hang up|ECONNRESET/);
      await cluster.apiServer.start();
      expect(await readyReplicas(cluster.client, "web")).toBe(8);
      await raiseFloor(cluster.client, "web", 9);
      await untilReady(cluster.client, "web", 9);
    });

    test("a paused API server takes a connection and does not answer", async () => {
      cluster.apiServer.pause();
      const answer = cluster.client.get("/readyz");
      const silent = new Promise((resolve) => setTimeout(resolve, 1_500, "silent"));
      expect(await Promise.race([answer, silent])).toBe("silent");
      cluster.apiServer.resume();
      expect(await answer).toBe("ok");
    });

    test("an expired certificate is refused by clients", async () => {
      await cluster.apiServer.stop();
      await cluster.apiServer.start({ certificate: "expired" });
      await expect(cluster.client.get("/readyz")).rejects.toMatchObject({ code: "CERT_HAS_EXPIRED" });
      await cluster.apiServer.stop();
      await cluster.apiServer.start();
      expect(await cluster.client.get("/readyz")).toBe("ok");
    });

    test("stopped, it leaves no process and no folder", async () => {
      const groups = readFileSync(`${cluster.folder}/pids`, "utf8").trim().split("\n").map(Number);
      expect(groups.length).toBeGreaterThanOrEqual(5);
      await cluster.stop();
      expect(groups.filter(groupAlive)).toEqual([]);
      expect(existsSync(cluster.folder)).toBe(false);
    });
  },
);

function clientOf(cluster: Cluster, kubeconfig: string) {
  const { users } = JSON.parse(readFileSync(kubeconfig, "utf8"));
  return createKubeClient({
    url: cluster.url,
    authorityPem: cluster.authorityPem,
    token: users[0].user.token,
  });
}
