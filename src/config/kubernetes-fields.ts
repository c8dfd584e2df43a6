import { z } from "zod";
import { TIERS } from "../model/tier.ts";
import {
  choiceField,
  countField,
  durationField,
  groupField,
  listField,
  numberField,
  textField,
} from "./fields.ts";

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

function nameField(description: string) {
  return textField(description, NAME, "a name of a-z, 0-9 and -");
}

function flag(description: string) {
  return z.boolean({ error: "must be true or false" }).describe(description);
}

function textMap(description: string) {
  return z.record(textField("A name."), textField("A value.")).describe(description);
}

const amounts = (cpuMillicores: number, memoryMib: number) =>
  groupField({
    cpuMillicores: countField("Thousandths of a core.", { min: 1, max: 1_000_000 }).prefault(cpuMillicores),
    memoryMib: countField("MiB of memory.", { min: 1, max: 10_000_000 }).prefault(memoryMib),
  });

const resources = groupField({
  requests: amounts(500, 512).prefault({}).describe("What the scheduler reserves."),
  limits: amounts(1000, 1024).prefault({}).describe("What a unit may use at most."),
});

const probe = groupField({
  path: textField("Path that is asked for.", /^\/\S*$/, "a path such as /ready"),
  port: nameField("Name of one of the ports.").prefault("http"),
  period: durationField("Asked this often.", { min: 1000 }).prefault("5s"),
  timeout: durationField("An answer may take this long.", { min: 1000 }).prefault("1s"),
  failureThreshold: countField("Failures in a row that count.", { min: 1, max: 100 }).prefault(3),
});

const workload = groupField({
  image: textField("Container image of a unit.").optional(),
  adopt: groupField({
    deployment: nameField("An existing Deployment."),
    hpa: nameField("Its HorizontalPodAutoscaler, whose minReplicas becomes the lever."),
  })
    .describe("Take over what is there instead of an image.")
    .optional(),
  ports: listField(
    "Ports of the container; the first serves requests. Default: http on 8080.",
    groupField({
      name: nameField("Name."),
      containerPort: countField("Port in the container.", { min: 1, max: 65_535 }),
    }),
    16,
  ).prefault([{ name: "http", containerPort: 8080 }]),
  resources: resources.prefault({}).describe("Requests and limits of a unit."),
  env: textMap("Environment variables. They are stored and shown: no secret.").prefault({}),
  labels: textMap("Labels of the pods.").prefault({}),
  readiness: probe.describe("Readiness probe. Default: none.").optional(),
  liveness: probe.describe("Liveness probe. Default: none.").optional(),
  serviceAccount: nameField("Service account of the pods. Default: the namespace's.").optional(),
  drain: durationField("Time a pod may take to finish its requests.").prefault("30s"),
});

const metric = groupField({
  resource: choiceField("cpu or memory.", ["cpu", "memory"]).optional(),
  targetUtilizationPercent: countField("Mean use of the request.", { min: 1, max: 1000 }).prefault(70),
  pods: textField("A custom metric of the pods.").optional(),
  external: textField("A metric of something outside.").optional(),
  selector: textMap("Labels of the external metric.").prefault({}),
  targetAverage: textField("Mean per pod, as Kubernetes writes quantities.").prefault("1"),
});

const tier = groupField({
  nodeSelector: textMap("Node labels.").prefault({}),
  tolerations: z
    .array(
      groupField({
        key: textField("Key of the taint."),
        operator: choiceField("Equal or Exists.", ["Equal", "Exists"]).prefault("Exists"),
        value: textField("Value of the taint.").optional(),
        effect: choiceField("Effect.", ["NoSchedule", "PreferNoSchedule", "NoExecute"]).optional(),
      }),
    )
    .describe("Taints that are borne.")
    .prefault([]),
  spread: groupField({
    topologyKey: textField("Node label to spread over.").prefault("topology.kubernetes.io/zone"),
    maxSkew: countField("Largest difference.", { min: 1, max: 100 }).prefault(1),
    whenUnsatisfiable: choiceField("What else.", ["ScheduleAnyway", "DoNotSchedule"]).prefault(
      "ScheduleAnyway",
    ),
  })
    .describe("Topology spread. Default: none.")
    .optional(),
  spot: groupField({
    rule: choiceField("prefer, require or avoid such nodes.", ["prefer", "require", "avoid"]),
    label: textField("Label of nodes that can be taken away.").prefault("karpenter.sh/capacity-type"),
    value: textField("Its value.").prefault("spot"),
  })
    .describe("Spot nodes. Default: no preference.")
    .optional(),
  maxReplicas: countField("Most pods its HPA may have. Default: the tier's maxUnits.", { min: 1 }).optional(),
  hpaMetrics: listField("What its HPA reacts to. Default: cpu at 70 %.", metric, 8).prefault([
    { resource: "cpu" },
  ]),
});

const warm = groupField({
  mode: choiceField("How warm capacity is held.", [
    "placeholder-pods",
    "capacity-buffer",
    "karpenter-nodepool",
    "none",
  ]).prefault("placeholder-pods"),
  image: textField("Image of placeholders.").prefault("registry.k8s.io/pause:3.10"),
  provisioningStrategy: textField("Of the CapacityBuffer.").prefault("buffer.x-k8s.io/active-capacity"),
  unitsPerNode: countField("Units that fit on a node of the NodePool.", { min: 1 }).prefault(1),
  nodeClass: groupField({
    group: textField("API group."),
    kind: textField("Kind."),
    name: textField("Name."),
  })
    .describe("Node class of the NodePool.")
    .optional(),
  requirements: z
    .array(
      groupField({
        key: textField("Node label."),
        operator: choiceField("Operator.", ["In", "NotIn", "Exists", "DoesNotExist"]),
        values: z.array(textField("A value.")).describe("Values.").prefault([]),
      }),
    )
    .describe("Requirements of the NodePool.")
    .prefault([]),
});

const priority = (description: string, value: number) =>
  numberField(description, { min: -2_147_483_648, max: 1_000_000_000 }).prefault(value);

/** `platform.kubernetes`, as people write it. */
export const kubernetesField = groupField({
  inCluster: flag("Use the pod's own service account.").prefault(false),
  kubeconfig: textField("kubeconfig file. Default: KUBECONFIG, else ~/.kube/config.").optional(),
  context: textField("Context in it. Default: its current one.").optional(),
  namespace: nameField("Namespace. Default: the service's name.").optional(),
  createNamespace: flag("The base stack makes the namespace.").prefault(true),
  workload: workload.prefault({}).describe("What a unit is."),
  tiers: groupField({
    baseline: tier.prefault({}).describe("Of baseline units."),
    predictive: tier.prefault({}).describe("Of predictive units."),
    burst: tier.prefault({}).describe("Of burst units."),
  })
    .prefault({})
    .describe(`Where units run, for ${TIERS.join(", ")}.`),
  priorities: groupField({
    create: flag("The base stack makes the PriorityClasses.").prefault(true),
    baseline: priority("Priority of baseline.", 100_000),
    predictive: priority("Priority of predictive.", 90_000),
    burst: priority("Priority of burst.", 80_000),
    warm: priority("Priority of placeholders.", -10),
  })
    .prefault({})
    .describe("Scheduler priorities, falling."),
  gateway: groupField({
    enabled: flag("A Gateway and an HTTPRoute share requests among the tiers.").prefault(false),
    className: textField("GatewayClass.").prefault("envoy"),
    hostname: textField("Host name. Default: every one.").optional(),
    port: countField("Port of the listener and the Services.", { min: 1, max: 65_535 }).prefault(80),
    slaHeader: textField("Header that names an SLA class.").optional(),
    slaClasses: z
      .record(textField("A class."), choiceField("Its tier.", TIERS))
      .describe("Tier of each class.")
      .prefault({}),
  })
    .prefault({})
    .describe("Gateway API."),
  disruption: groupField({
    enabled: flag("A PodDisruptionBudget per tier.").prefault(true),
    maxUnavailablePercent: countField("Share of a tier that may be away.", { min: 1, max: 100 }).prefault(20),
  })
    .prefault({})
    .describe("Disruption budgets."),
  quota: groupField({
    pods: countField("Pods of the namespace.", { min: 1 }),
    cpuMillicores: countField("Thousandths of a core requested.", { min: 1, max: 1e9 }),
    memoryMib: countField("MiB requested.", { min: 1, max: 1e9 }),
  })
    .describe("ResourceQuota. Default: none.")
    .optional(),
  warm: warm.prefault({}).describe("Warm capacity."),
  delivery: choiceField("apply, or render for a pull request.", ["apply", "pull-request"]).prefault("apply"),
  deliveryFolder: textField("Folder of the rendered manifests, in the repository.").prefault("tiercast"),
  deliveryBranch: textField("Branch they go to.").prefault("tiercast"),
  daemon: groupField({
    image: textField("Image of tiercast."),
    replicas: countField("Replicas, of which one leads.", { min: 1, max: 9 }).prefault(2),
    resources: resources.prefault({}).describe("Its requests and limits."),
    configMap: nameField("ConfigMap with tiercast.yaml."),
    stateClaim: nameField("PersistentVolumeClaim of the state. Default: lost with the pod.").optional(),
    secretName: nameField("Secret whose keys become environment variables. Default: none.").optional(),
    serviceMonitor: flag("A ServiceMonitor for Prometheus.").prefault(false),
  })
    .describe("The daemon in the cluster. Default: it runs elsewhere.")
    .optional(),
  requestPrices: groupField({
    usdPerCpuCoreHour: numberField("Price of a core.", { min: 0, max: 1e6 }),
    usdPerMemoryGibHour: numberField("Price of a GiB.", { min: 0, max: 1e6 }),
  })
    .describe("Prices of what pods request, for the policy pack. Default: only the price per unit counts.")
    .optional(),
});

export type ParsedKubernetes = z.output<typeof kubernetesField>;
