import {
  type DaemonSettings,
  type KubernetesBaseInputs,
  kubernetesNames,
  LABELS,
} from "../../src/model/kubernetes.ts";
import { baseMetadata, type ClusterObject } from "./cluster-object.ts";
import { containerResources } from "./pod-template.ts";

const STATE_FOLDER = "/var/lib/tiercast";
const HTTP_PORT = 7311;

/** The daemon itself: replicas of which one leads by a Lease, without rights over its node or its own files. */
export function daemonObjects(
  inputs: KubernetesBaseInputs,
  daemon: DaemonSettings,
): readonly ClusterObject[] {
  const names = kubernetesNames(inputs.service);
  return [
    {
      // Made here, empty, so that the daemon needs no right to create leases of any name.
      name: "daemon-lease",
      manifest: {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: baseMetadata(inputs, names.lease),
      },
    },
    {
      name: "daemon",
      manifest: {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: baseMetadata(inputs, names.daemon),
        spec: {
          replicas: daemon.replicas,
          selector: { matchLabels: daemonLabels(inputs.service) },
          template: { metadata: { labels: daemonLabels(inputs.service) }, spec: daemonPod(inputs, daemon) },
        },
      },
    },
    ...(daemon.serviceMonitor ? monitorObjects(inputs) : []),
  ];
}

/** Not the service's own name label: its Services must not find the daemon. */
function daemonLabels(service: string): Readonly<Record<string, string>> {
  return { [LABELS.service]: "tiercast", "app.kubernetes.io/instance": service };
}

function daemonPod(inputs: KubernetesBaseInputs, daemon: DaemonSettings) {
  const { stateClaim, secretName, configMap } = daemon;
  const state =
    stateClaim === undefined ? { emptyDir: {} } : { persistentVolumeClaim: { claimName: stateClaim } };
  return {
    serviceAccountName: kubernetesNames(inputs.service).daemon,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65_532,
      fsGroup: 65_532,
      seccompProfile: { type: "RuntimeDefault" },
    },
    containers: [
      {
        name: "tiercast",
        image: daemon.image,
        args: ["-c", "/etc/tiercast/tiercast.yaml", "run"],
        env: [
          { name: "TIERCAST_STATE_FOLDER", value: STATE_FOLDER },
          { name: "TMPDIR", value: "/tmp" },
        ],
        ...(secretName === undefined ? {} : { envFrom: [{ secretRef: { name: secretName } }] }),
        ports: [{ name: "http", containerPort: HTTP_PORT }],
        resources: containerResources(daemon.resources),
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
        volumeMounts: [
          { name: "config", mountPath: "/etc/tiercast", readOnly: true },
          { name: "state", mountPath: STATE_FOLDER },
          { name: "tmp", mountPath: "/tmp" },
        ],
      },
    ],
    volumes: [
      { name: "config", configMap: { name: configMap } },
      { name: "state", ...state },
      { name: "tmp", emptyDir: {} },
    ],
  };
}

function monitorObjects(inputs: KubernetesBaseInputs): readonly ClusterObject[] {
  const metadata = baseMetadata(inputs, kubernetesNames(inputs.service).daemon);
  const matchLabels = daemonLabels(inputs.service);
  return [
    {
      name: "daemon-service",
      manifest: {
        apiVersion: "v1",
        kind: "Service",
        metadata: { ...metadata, labels: { ...metadata.labels, ...matchLabels } },
        spec: { selector: matchLabels, ports: [{ name: "http", port: HTTP_PORT, targetPort: "http" }] },
      },
    },
    {
      name: "daemon-monitor",
      manifest: {
        apiVersion: "monitoring.coreos.com/v1",
        kind: "ServiceMonitor",
        metadata,
        spec: { selector: { matchLabels }, endpoints: [{ port: "http", path: "/metrics", interval: "30s" }] },
      },
    },
  ];
}
