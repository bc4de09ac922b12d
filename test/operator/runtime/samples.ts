import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import type { ResourceType } from "../../../operator/runtime/resource-type.ts";

const builtIn = (group: string, version: string, plural: string, kind: string): ResourceType => ({
  group,
  version,
  plural,
  kind,
  namespaced: true,
});

export const types = {
  deployment: builtIn("apps", "v1", "deployments", "Deployment"),
  statefulSet: builtIn("apps", "v1", "statefulsets", "StatefulSet"),
  service: builtIn("", "v1", "services", "Service"),
  serviceAccount: builtIn("", "v1", "serviceaccounts", "ServiceAccount"),
  configMap: builtIn("", "v1", "configmaps", "ConfigMap"),
  secret: builtIn("", "v1", "secrets", "Secret"),
  autoscaler: builtIn("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler"),
  disruptionBudget: builtIn("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget"),
  networkPolicy: builtIn("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy"),
  lease: builtIn("coordination.k8s.io", "v1", "leases", "Lease"),
  event: builtIn("events.k8s.io", "v1", "events", "Event"),
} as const;

export const namespaceType: ResourceType = {
  group: "",
  version: "v1",
  plural: "namespaces",
  kind: "Namespace",
  namespaced: false,
};

const labels = { "app.kubernetes.io/name": "sample", "app.kubernetes.io/instance": "one" };

const container = {
  name: "server",
  image: "docker.io/library/sample:1",
  imagePullPolicy: "IfNotPresent",
  args: ["serve", "--verbose", "serve"],
  ports: [
    { name: "http", containerPort: 8080, protocol: "TCP" },
    { name: "metrics", containerPort: 9090 },
  ],
  env: [
    { name: "Z_FIRST", value: "1" },
    { name: "POD", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } } },
    { name: "A_LAST", value: 'a "quoted" $(Z_FIRST)' },
    { name: "TOKEN", valueFrom: { secretKeyRef: { name: "sample", key: "token", optional: true } } },
    { name: "CPUS", valueFrom: { resourceFieldRef: { resource: "limits.cpu", divisor: "1" } } },
  ],
  envFrom: [{ configMapRef: { name: "second" } }, { prefix: "X_", configMapRef: { name: "first" } }],
  resources: { requests: { cpu: "250m", memory: "128Mi" }, limits: { cpu: "1", memory: "1Gi" } },
  startupProbe: { httpGet: { path: "/live", port: "http" }, failureThreshold: 30, periodSeconds: 1 },
  readinessProbe: { httpGet: { path: "/ready", port: 8080 }, periodSeconds: 5, timeoutSeconds: 3 },
  lifecycle: { preStop: { sleep: { seconds: 5 } } },
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  },
  volumeMounts: [
    { name: "tmp", mountPath: "/tmp" },
    { name: "keys", mountPath: "/etc/keys", readOnly: true },
  ],
};

const podTemplate = {
  metadata: { labels, annotations: { "example.io/checksum": "abc" } },
  spec: {
    serviceAccountName: "sample",
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 45,
    securityContext: { runAsNonRoot: true, runAsUser: 1001, fsGroup: 1001, seccompProfile: { type: "RuntimeDefault" } },
    initContainers: [
      { name: "zeta", image: "docker.io/library/sample:1" },
      { name: "alpha", image: "docker.io/library/sample:1", restartPolicy: "Always" },
    ],
    containers: [container],
    volumes: [
      { name: "tmp", emptyDir: {} },
      { name: "cache", emptyDir: { sizeLimit: "64Mi" } },
      {
        name: "keys",
        projected: {
          defaultMode: 288,
          sources: [
            { secret: { name: "sample", items: [{ key: "keys", path: "keys.json" }] } },
            { configMap: { name: "sample" } },
            { serviceAccountToken: { audience: "sample", expirationSeconds: 3600, path: "token" } },
            {
              downwardAPI: {
                items: [{ path: "labels", fieldRef: { apiVersion: "v1", fieldPath: "metadata.labels" } }],
              },
            },
          ],
        },
      },
    ],
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "topology.kubernetes.io/zone",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: labels },
      },
      {
        maxSkew: 1,
        topologyKey: "kubernetes.io/hostname",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: labels },
      },
    ],
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 100,
            podAffinityTerm: { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: labels } },
          },
        ],
      },
    },
    tolerations: [{ key: "dedicated", operator: "Exists", effect: "NoSchedule" }],
    nodeSelector: { "kubernetes.io/os": "linux" },
  },
};

const spec: Record<keyof Omit<typeof types, "lease" | "event">, Record<string, unknown>> = {
  deployment: {
    spec: {
      replicas: 0,
      revisionHistoryLimit: 3,
      selector: { matchLabels: labels },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: "25%" } },
      template: podTemplate,
    },
  },
  statefulSet: {
    spec: {
      replicas: 0,
      serviceName: "sample",
      podManagementPolicy: "Parallel",
      selector: { matchLabels: labels },
      template: podTemplate,
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
      volumeClaimTemplates: [
        {
          apiVersion: "v1",
          kind: "PersistentVolumeClaim",
          metadata: { name: "data", labels },
          spec: {
            accessModes: ["ReadWriteOnce"],
            resources: { requests: { storage: "1Gi" } },
            volumeMode: "Filesystem",
          },
          status: { phase: "Pending" },
        },
      ],
    },
  },
  service: {
    spec: {
      type: "ClusterIP",
      publishNotReadyAddresses: true,
      selector: labels,
      ports: [
        { name: "http", port: 8080, targetPort: "http" },
        { name: "metrics", port: 9090, protocol: "TCP", targetPort: 9090, appProtocol: "http" },
        { name: "dns", port: 8080, protocol: "UDP" },
      ],
    },
  },
  serviceAccount: { automountServiceAccountToken: false },
  configMap: { data: { zeta: "1\n2\n", alpha: "\u00e4 \u2603", __proto___: "no" } },
  secret: { type: "Opaque", data: { token: "c2VjcmV0", key: "a2V5" } },
  autoscaler: {
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "sample" },
      minReplicas: 3,
      maxReplicas: 20,
      metrics: [
        { type: "Resource", resource: { name: "memory", target: { type: "Utilization", averageUtilization: 80 } } },
        { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } } },
      ],
      behavior: {
        scaleDown: {
          stabilizationWindowSeconds: 300,
          policies: [{ type: "Percent", value: 10, periodSeconds: 60 }],
        },
        scaleUp: {
          stabilizationWindowSeconds: 60,
          policies: [
            { type: "Percent", value: 50, periodSeconds: 60 },
            { type: "Pods", value: 2, periodSeconds: 60 },
          ],
          selectPolicy: "Max",
        },
      },
    },
  },
  disruptionBudget: {
    spec: {
      maxUnavailable: 1,
      selector: { matchLabels: labels },
      unhealthyPodEvictionPolicy: "AlwaysAllow",
    },
  },
  networkPolicy: {
    spec: {
      podSelector: { matchLabels: labels },
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ ports: [{ port: 8080, protocol: "TCP" }] }, { from: [{ namespaceSelector: {} }] }],
      egress: [
        {},
        {
          to: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["10.0.0.0/8"] } }],
          ports: [{ port: 443, protocol: "TCP" }],
        },
      ],
    },
  },
};

export type SampleName = keyof typeof spec;
export const sampleNames = Object.keys(spec) as SampleName[];

/** A fresh desired object that uses every construct an operator's children use, as the server stores it. */
export function sample(kind: SampleName, namespace: string, name = "sample"): KubernetesObject {
  const { group, version, kind: kindName } = types[kind];
  return structuredClone({
    apiVersion: group === "" ? version : `${group}/${version}`,
    kind: kindName,
    metadata: { name, namespace, labels, annotations: { "example.io/why": "test" } },
    ...spec[kind],
  });
}
