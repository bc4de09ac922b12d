import type { ResourceType } from "../runtime/resource-type.ts";

const type = (group: string, version: string, plural: string, kind: string): ResourceType => ({
  group,
  version,
  plural,
  kind,
  namespaced: true,
});

export const cctelegramDeployments = type("cctelegram.io", "v1alpha1", "cctelegramdeployments", "CCTelegramDeployment");
export const cctelegramBackups = type("cctelegram.io", "v1alpha1", "cctelegrambackups", "CCTelegramBackup");

export const deployments = type("apps", "v1", "deployments", "Deployment");
export const statefulSets = type("apps", "v1", "statefulsets", "StatefulSet");
export const services = type("", "v1", "services", "Service");
export const configMaps = type("", "v1", "configmaps", "ConfigMap");
export const serviceAccounts = type("", "v1", "serviceaccounts", "ServiceAccount");
export const secrets = type("", "v1", "secrets", "Secret");
export const horizontalPodAutoscalers = type(
  "autoscaling",
  "v2",
  "horizontalpodautoscalers",
  "HorizontalPodAutoscaler",
);
export const podDisruptionBudgets = type("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget");
export const networkPolicies = type("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy");
export const ingresses = type("networking.k8s.io", "v1", "ingresses", "Ingress");
export const httpRoutes = type("gateway.networking.k8s.io", "v1", "httproutes", "HTTPRoute");
export const gateways = type("gateway.networking.k8s.io", "v1", "gateways", "Gateway");
export const serviceMonitors = type("monitoring.coreos.com", "v1", "servicemonitors", "ServiceMonitor");
export const prometheusRules = type("monitoring.coreos.com", "v1", "prometheusrules", "PrometheusRule");
export const scaledObjects = type("keda.sh", "v1alpha1", "scaledobjects", "ScaledObject");

/** Former pod templates. They are read by name only. */
export const controllerRevisions = type("apps", "v1", "controllerrevisions", "ControllerRevision");

export const jobs = type("batch", "v1", "jobs", "Job");
export const pods = type("", "v1", "pods", "Pod");
export const persistentVolumeClaims = type("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim");
export const events = type("", "v1", "events", "Event");
export const customResourceDefinitions: ResourceType = {
  ...type("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition"),
  namespaced: false,
};

/** The types of the children that a CCTelegramDeployment can have. */
export const childTypes = [
  deployments,
  statefulSets,
  services,
  serviceAccounts,
  secrets,
  horizontalPodAutoscalers,
  podDisruptionBudgets,
  networkPolicies,
  ingresses,
] as const;

/** Children whose CRD may be installed and removed. */
export const optionalChildTypes = [serviceMonitors, prometheusRules, httpRoutes, scaledObjects] as const;

/** Children that a resource may no longer need. Garbage collection deletes the others with the resource. */
export const prunableTypes: readonly ResourceType[] = [
  deployments,
  secrets,
  horizontalPodAutoscalers,
  networkPolicies,
  services,
  ingresses,
  ...optionalChildTypes,
];

/** Children whose desired objects have no field left to the server's defaults. */
export const completeTypes: readonly ResourceType[] = [
  serviceAccounts,
  secrets,
  horizontalPodAutoscalers,
  podDisruptionBudgets,
  networkPolicies,
];
