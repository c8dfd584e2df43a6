import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cluster, startCluster } from "./cluster/cluster.ts";
import { type MetricsApi, serveMetrics } from "./cluster/metrics-api.ts";
import { testedPrograms, whySkipped } from "./cluster/programs.ts";
import { until } from "./cluster/until.ts";
import { createWorkload, raiseFloor, readyReplicas, scaler, untilReady } from "./objects.ts";

const programs = testedPrograms();
const SHAPE = { name: "web", cpu: "500m", memory: "128Mi", minReplicas: 3, maxReplicas: 10 };

describe.skipIf(programs.kind === "missing")(
  `an HPA on real metrics${whySkipped(programs)}`,
  { timeout: 120_000 },
  () => {
    let cluster: Cluster;
    let metrics: MetricsApi;
    beforeAll(async () => {
      if (programs.kind !== "ready") return;
      cluster = await startCluster({ programs, gatewayApi: false });
      metrics = await serveMetrics(cluster);
      metrics.use("web", 250);
      await createWorkload(cluster.client, SHAPE);
      await untilReady(cluster.client, "web", 3);
    }, 240_000);
    afterAll(async () => {
      await metrics?.stop();
      await cluster?.stop();
    }, 60_000);

    test("at its aim it stays at the floor, and sees the use", async () => {
      const seen = await until("the HPA sees metrics", { deadlineMs: 60_000 }, async () => {
        const { status } = await scaler(cluster.client, "web");
        return status.currentMetrics?.[0]?.resource?.current?.averageUtilization;
      });
      expect(seen).toBe(50);
      expect(await readyReplicas(cluster.client, "web")).toBe(3);
    });

    test("twice the use doubles the pods above the floor", async () => {
      // 3 pods at 100 % of their request, 50 % wanted: 6. More pods would carry it with less each.
      metrics.use("web", 500);
      await until(
        "it scales up",
        { deadlineMs: 60_000 },
        async () => (await scaler(cluster.client, "web")).status.desiredReplicas >= 6,
      );
      metrics.use("web", 250);
      await until(
        "six or more are ready",
        { deadlineMs: 60_000 },
        async () => (await readyReplicas(cluster.client, "web")) >= 6,
      );
    });

    test("less use brings it down to the floor again, and a higher floor holds", async () => {
      metrics.use("web", 10);
      await untilReady(cluster.client, "web", 3);
      await raiseFloor(cluster.client, "web", 5);
      await untilReady(cluster.client, "web", 5);
    });

    test("without metrics it keeps what it has and says so", async () => {
      metrics.use("web", null);
      await until("the HPA says that it cannot see", { deadlineMs: 60_000 }, async () => {
        const { status } = await scaler(cluster.client, "web");
        return status.conditions.some(
          ({ type, status: is }: { type: string; status: string }) =>
            type === "ScalingActive" && is === "False",
        );
      });
      expect(await readyReplicas(cluster.client, "web")).toBe(5);
    });
  },
);
