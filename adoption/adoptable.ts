/** An object as `kubectl get -o yaml` shows it. */
export type Exported = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly Owner[];
    readonly finalizers?: readonly string[];
  };
  readonly spec?: Spec;
  readonly status?: unknown;
};

type Spec = Readonly<Record<string, unknown>>;

type Owner = { readonly kind: string; readonly name: string; readonly controller?: boolean };

export type Adoptable = {
  readonly objects: readonly Exported[];
  /** "Pod team-bridge-0: why it was left out". */
  readonly leftOut: readonly string[];
};

/** What others make anew, and what is nothing without the data behind it. */
const skipped: Readonly<Record<string, string>> = {
  Pod: "its workload makes it anew",
  ReplicaSet: "its Deployment makes it anew",
  ControllerRevision: "its StatefulSet makes it anew",
  Endpoints: "Kubernetes makes it anew",
  EndpointSlice: "Kubernetes makes it anew",
  Event: "it tells of the former cluster",
  Lease: "its holder makes it anew",
  PersistentVolumeClaim: "YAML does not hold the volume's data",
  PersistentVolume: "YAML does not hold the volume's data",
  CCTelegramBackup: "it would be made anew: name its archive in restoreFrom instead",
};

const adoption = "cctelegram.io/adopt";
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** Whether something that YAML held is an object of Kubernetes. */
export const isObject = (value: unknown): value is Exported =>
  typeof value === "object" &&
  value !== null &&
  "kind" in value &&
  "metadata" in value &&
  typeof value.metadata === "object" &&
  value.metadata !== null &&
  "name" in value.metadata;

/**
 * Makes of exported objects such that `kubectl apply` takes and that the resource of this name adopts. An owner of another cluster is left
 * out: Kubernetes deletes an object whose owner's uid does not exist. With a namespace they come into that one.
 *
 * @example
 * ```ts
 * const { objects, leftOut } = adoptable(exported, "team");
 * ```
 */
export function adoptable(exported: readonly Exported[], resource: string, namespace?: string): Adoptable {
  const objects: Exported[] = [];
  const leftOut: string[] = [];
  for (const object of exported) {
    const { kind, metadata } = object;
    const why = skipped[kind] ?? strangeTo(object, resource);
    if (why === undefined) objects.push(cleaned(object, resource, namespace ?? metadata.namespace));
    else leftOut.push(`${kind} ${metadata.name}: ${why}`);
    if (isResource(object) && why === undefined && object.spec?.restoreFrom !== undefined) {
      leftOut.push(`restoreFrom of ${metadata.name}: what was in that archive may have been sent since`);
    }
  }
  return { objects, leftOut };
}

const isResource = ({ kind }: Exported) => kind === "CCTelegramDeployment";

/** Why an object is none of the resource's; undefined when it is one. */
function strangeTo(object: Exported, resource: string): string | undefined {
  const { labels, ownerReferences = [], name } = object.metadata;
  if (isResource(object)) return name === resource ? undefined : `it is not ${resource}`;
  const controller = ownerReferences.find((owner) => owner.controller);
  if (controller !== undefined) {
    const isOurs = controller.kind === "CCTelegramDeployment" && controller.name === resource;
    return isOurs ? undefined : `${controller.kind} ${controller.name} controls it`;
  }
  return labels?.["app.kubernetes.io/instance"] === resource
    ? undefined
    : `nothing says that it belongs to ${resource}`;
}

function cleaned(object: Exported, resource: string, namespace: string | undefined): Exported {
  const { apiVersion, kind, metadata, spec, status: _, ...content } = object;
  const { [lastApplied]: __, ...annotations } = metadata.annotations ?? {};
  const all = isResource(object) ? annotations : { ...annotations, [adoption]: resource };
  return {
    apiVersion,
    kind,
    metadata: {
      name: metadata.name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(metadata.labels === undefined ? {} : { labels: metadata.labels }),
      ...(Object.keys(all).length === 0 ? {} : { annotations: all }),
    },
    ...content,
    ...(spec === undefined ? {} : { spec: movable(kind, spec) }),
  };
}

function movable(kind: string, spec: Spec): Spec {
  if (kind === "Service") return withoutAddresses(spec);
  const { restoreFrom: _, ...rest } = spec;
  return kind === "CCTelegramDeployment" ? rest : spec;
}

/** Addresses of the former cluster. A headless Service stays one. */
function withoutAddresses({ clusterIP, clusterIPs: _, healthCheckNodePort: __, ...spec }: Spec): Spec {
  return clusterIP === "None" ? { clusterIP, ...spec } : spec;
}
