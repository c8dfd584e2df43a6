import { join } from "node:path";
import type { ClusterPrograms } from "./programs.ts";
import type { ServerCommand } from "./server-process.ts";

/** Loopback ports of one cluster. */
export interface ClusterPorts {
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly api: number;
  readonly kwok: number;
}

type Programs = Pick<ClusterPrograms, "etcd" | "controlPlane" | "kwok" | "stages">;

export function etcdCommand(programs: Programs, ports: ClusterPorts, folder: string): ServerCommand {
  const client = `http://127.0.0.1:${ports.etcd}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  return {
    name: "etcd",
    file: programs.etcd,
    args: [
      `--data-dir=${join(folder, "etcd")}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      // The data goes with the cluster: no need to wait for the disk.
      "--unsafe-no-fsync",
      "--log-level=warn",
    ],
  };
}

/** `certificate` names the pair `<certificate>.crt` and `.key` in the folder; `extra` comes last and so wins. */
export function apiServerCommand(
  programs: Programs,
  ports: ClusterPorts,
  folder: string,
  certificate: string,
  extra: readonly string[],
): ServerCommand {
  return {
    name: "kube-apiserver",
    file: programs.controlPlane,
    args: [
      `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
      "--bind-address=127.0.0.1",
      "--advertise-address=127.0.0.1",
      `--secure-port=${ports.api}`,
      `--tls-cert-file=${join(folder, `${certificate}.crt`)}`,
      `--tls-private-key-file=${join(folder, `${certificate}.key`)}`,
      `--cert-dir=${join(folder, "api-server")}`,
      `--token-auth-file=${join(folder, "tokens.csv")}`,
      "--authorization-mode=RBAC",
      // KWOK's pods need no tokens, and the admission would wait for accounts that no test makes.
      "--disable-admission-plugins=ServiceAccount",
      `--service-account-key-file=${join(folder, "accounts.key")}`,
      `--service-account-signing-key-file=${join(folder, "accounts.key")}`,
      "--service-account-issuer=https://kubernetes.default.svc",
      "--service-cluster-ip-range=10.96.0.0/16",
      // 127.0.0.1 may not stand in the endpoints of the Service `kubernetes`.
      "--endpoint-reconciler-type=none",
      ...extra,
    ],
  };
}

export function controllersCommand(programs: Programs, kubeconfig: string, folder: string): ServerCommand {
  return {
    name: "kube-controller-manager",
    file: programs.controlPlane,
    args: [
      `--kubeconfig=${kubeconfig}`,
      `--service-account-private-key-file=${join(folder, "accounts.key")}`,
      `--root-ca-file=${join(folder, "authority.crt")}`,
      "--leader-elect=false",
      "--secure-port=0",
      "--kube-api-qps=200",
      "--kube-api-burst=400",
      // Tests wait for an HPA: it looks every 2 s instead of 15, and scales down after 5 s instead of 300.
      "--horizontal-pod-autoscaler-sync-period=2s",
      "--horizontal-pod-autoscaler-downscale-stabilization=5s",
      "--horizontal-pod-autoscaler-cpu-initialization-period=0s",
      "--horizontal-pod-autoscaler-initial-readiness-delay=0s",
    ],
  };
}

export function schedulerCommand(programs: Programs, kubeconfig: string): ServerCommand {
  return {
    name: "kube-scheduler",
    file: programs.controlPlane,
    args: [
      `--kubeconfig=${kubeconfig}`,
      "--leader-elect=false",
      "--secure-port=0",
      "--kube-api-qps=200",
      "--kube-api-burst=400",
    ],
  };
}

export function kwokCommand(programs: Programs, kubeconfig: string, ports: ClusterPorts): ServerCommand {
  return {
    name: "kwok",
    file: programs.kwok,
    args: [
      `--kubeconfig=${kubeconfig}`,
      "--manage-all-nodes=true",
      "--node-lease-duration-seconds=40",
      `--server-address=127.0.0.1:${ports.kwok}`,
      ...programs.stages.map((file) => `--config=${file}`),
    ],
  };
}
