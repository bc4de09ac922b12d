import { isDeepStrictEqual } from "node:util";
import { controllerOf, type KubernetesObject, type OwnerReference } from "./kubernetes-object.ts";
import type { ResourceType } from "./resource-type.ts";

export type Holder = "us" | "nobody, handed over" | "somebody else";

/**
 * Who owns a live object. Without a controller it may belong to a person, to Helm or to Argo CD, which set none: it may be
 * taken over only if its annotation names our owner.
 *
 * @example
 * ```ts
 * const us = { apiVersion: "example.io/v1", kind: "Example", name: "one", uid: "2f6c", controller: true };
 * if (heldBy(live, us, "example.io/adopt") !== "us") logger.warn({}, "somebody else's object is left alone");
 * ```
 */
export function heldBy(object: KubernetesObject, us: OwnerReference | undefined, adoptionAnnotation: string): Holder {
  const controller = controllerOf(object);
  if (controller?.uid === us?.uid) return "us";
  const heir = object.metadata.annotations?.[adoptionAnnotation];
  return controller === undefined && heir !== undefined && heir === us?.name ? "nobody, handed over" : "somebody else";
}

/**
 * The object belongs to others and is left as it is. The message says how to hand it over.
 *
 * @example
 * ```ts
 * await applier.apply(deployments, deployment, undefined).catch((error: unknown) => {
 *   if (!(error instanceof NotOwnedError)) throw error;
 *   logger.warn({ passes: error.passes }, error.message);
 * });
 * ```
 */
export class NotOwnedError extends Error {
  override readonly name = "NotOwnedError";
  /** True if it will be deleted soon: it belongs to a deleted owner of the same name. */
  readonly passes: boolean;
  readonly object: { readonly kind: string; readonly name: string };

  constructor(
    type: ResourceType,
    found: KubernetesObject,
    us: {
      readonly heir: OwnerReference | undefined;
      readonly adoptionAnnotation: string;
      /** Why the object cannot become ours, although it was handed over. */
      readonly obstacle?: string | undefined;
    },
  ) {
    const controller = controllerOf(found);
    const passes = controller?.kind === us.heir?.kind && controller?.name === us.heir?.name;
    const refused = () =>
      us.obstacle === undefined
        ? explained(type, found, us.heir?.name, us.adoptionAnnotation)
        : `${objectOf(type, found)} was handed over to ${us.heir?.name}, but ${us.obstacle}`;
    super(passes ? leftBehind(type, found) : refused());
    this.passes = passes;
    this.object = { kind: type.kind, name: found.metadata.name ?? "" };
  }
}

/**
 * Why a live object cannot become the desired one: the API server lets nobody change the selector of a workload. Undefined when it can.
 *
 * @example
 * ```ts
 * unchangeable(deployments, live, deployment); // "its selector cannot be changed: …"
 * ```
 */
export function unchangeable(type: ResourceType, found: KubernetesObject, desired: KubernetesObject) {
  if (type.group !== "apps" || isDeepStrictEqual(selectorOf(found), selectorOf(desired))) return undefined;
  return "its selector cannot be changed: remove the annotation, and give the new owner another name, so that its pods run beside";
}

const selectorOf = ({ spec }: KubernetesObject) =>
  (spec as { selector?: { matchLabels?: object } } | undefined)?.selector?.matchLabels;

/**
 * An object was handed over and is ours from now on. It is read before anything else is written to it.
 *
 * @example
 * ```ts
 * await applier.apply(deployments, deployment, undefined).catch((error: unknown) => {
 *   if (!(error instanceof ClaimedError)) throw error; // else: the next pass reads it
 * });
 * ```
 */
export class ClaimedError extends Error {
  override readonly name = "ClaimedError";

  constructor(type: ResourceType, { metadata }: KubernetesObject) {
    super(`${type.kind} ${metadata.name} was handed over; it is read again before it is written`);
  }
}

function leftBehind(type: ResourceType, { metadata }: KubernetesObject): string {
  return `${type.kind} ${metadata.name} still belongs to a deleted resource of the same name`;
}

const objectOf = (type: ResourceType, { metadata: { namespace, name } }: KubernetesObject) =>
  `${type.kind} ${namespace ? `${namespace}/` : ""}${name}`;

function explained(type: ResourceType, found: KubernetesObject, heir: string | undefined, annotation: string): string {
  const { name, namespace } = found.metadata;
  const object = objectOf(type, found);
  const controller = controllerOf(found);
  if (controller !== undefined) {
    return `${object} is controlled by ${controller.kind} ${controller.name}: delete or rename one of the two`;
  }
  const scope = namespace ? `-n ${namespace} ` : "";
  return (
    `${object} exists and was not made for ${heir}: delete or rename it, or hand it over with all that it holds: ` +
    `kubectl ${scope}annotate ${type.kind.toLowerCase()} ${name} ${annotation}=${heir}`
  );
}
