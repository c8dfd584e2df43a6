import { generateKeyPairSync, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Authority, createAuthority, issueCertificate } from "./certificates.ts";
import type { KubeAccess, KubeClient } from "./kube-client.ts";

/** What a named user may do; `namespace` absent: in all of them, and on what has none. */
export interface UserRules {
  readonly namespace?: string;
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly resourceNames?: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

/** Certificates, tokens and kubeconfigs of one cluster, in its folder. */
export interface ClusterAccess {
  readonly authorityPem: string;
  readonly admin: KubeAccess;
  /** Kubeconfig files: the admin's, and one for each user. */
  readonly kubeconfigs: Readonly<Record<string, string>>;
}

export const ADMIN = "admin";
const DAY_MS = 86_400_000;
const SERVED_NAMES = { commonName: "kube-apiserver", dnsNames: ["localhost"], addresses: ["127.0.0.1"] };

/** The static token file is read when the API server starts: all users are in it from the beginning. */
export function writeAccess(folder: string, url: string, users: readonly string[]): ClusterAccess {
  const nowMs = Date.now();
  const authority = createAuthority("tiercast-test", nowMs - DAY_MS, nowMs + 30 * DAY_MS);
  writeServed(folder, authority, "serving", nowMs - DAY_MS, nowMs + 30 * DAY_MS);
  writeServed(folder, authority, "expired", nowMs - 2 * DAY_MS, nowMs - DAY_MS);
  writeFileSync(join(folder, "authority.crt"), authority.certificatePem);
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(join(folder, "accounts.key"), privateKey.export({ type: "pkcs1", format: "pem" }));
  const tokens = new Map([ADMIN, ...users].map((user) => [user, randomBytes(16).toString("hex")]));
  const lines = [...tokens].map(([user, token]) => {
    const group = user === ADMIN ? ',"system:masters"' : "";
    return `${token},${user},${user}${group}\n`;
  });
  writeFileSync(join(folder, "tokens.csv"), lines.join(""), { mode: 0o600 });
  const kubeconfigs: Record<string, string> = {};
  for (const [user, token] of tokens) {
    const file = join(folder, `${user}.kubeconfig`);
    writeFileSync(file, kubeconfigText({ url, authorityPem: authority.certificatePem, token }, user), {
      mode: 0o600,
    });
    kubeconfigs[user] = file;
  }
  const admin = { url, authorityPem: authority.certificatePem, token: tokens.get(ADMIN) ?? "" };
  return { authorityPem: authority.certificatePem, admin, kubeconfigs };
}

/** Gives a user rights, beside those it has: a Role with its binding, or a ClusterRole with one. */
export async function grant(
  client: KubeClient,
  user: string,
  { namespace, rules }: UserRules,
): Promise<void> {
  const scope = namespace === undefined ? "" : `/namespaces/${namespace}`;
  const kind = namespace === undefined ? "ClusterRole" : "Role";
  const name = `${user}-${randomBytes(3).toString("hex")}`;
  const api = `/apis/rbac.authorization.k8s.io/v1${scope}/${kind.toLowerCase()}`;
  const apiVersion = "rbac.authorization.k8s.io/v1";
  await client.create(`${api}s`, { apiVersion, kind, metadata: { name }, rules });
  await client.create(`${api}bindings`, {
    apiVersion,
    kind: `${kind}Binding`,
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
  });
}

function writeServed(
  folder: string,
  authority: Authority,
  name: string,
  fromMs: number,
  untilMs: number,
): void {
  const { certificatePem, keyPem } = issueCertificate(authority, { ...SERVED_NAMES, fromMs, untilMs });
  writeFileSync(join(folder, `${name}.crt`), certificatePem);
  writeFileSync(join(folder, `${name}.key`), keyPem, { mode: 0o600 });
}

/** JSON, which is YAML too. */
function kubeconfigText({ url, authorityPem, token }: KubeAccess, user: string): string {
  const context = "tiercast-test";
  return JSON.stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        {
          name: context,
          cluster: {
            server: url,
            "certificate-authority-data": Buffer.from(authorityPem).toString("base64"),
          },
        },
      ],
      users: [{ name: user, user: { token } }],
      contexts: [{ name: context, context: { cluster: context, user, namespace: "default" } }],
      "current-context": context,
    },
    undefined,
    2,
  );
}
