import { storedOf } from "../../runtime/informer.ts";
import { interned } from "../../runtime/interned.ts";
import { controllerOf, type KubernetesObject } from "../../runtime/kubernetes-object.ts";
import type { Stored } from "../../runtime/store.ts";
import { namesOf } from "../names.ts";

/** A HorizontalPodAutoscaler that is not ours: it may scale a resource, or its servers. */
export type ForeignAutoscaler = Stored & {
  /** The resource whose pods it scales, if it scales one of ours; "" otherwise. */
  readonly resource: string;
  /** It scales their Deployment, past the resource. */
  readonly isDirect: boolean;
  /** The ScaledObject of which KEDA made it. */
  readonly scaledObject: string | undefined;
};

type Spec = { readonly scaleTargetRef?: { readonly kind?: string; readonly name?: string } };

export function foreignAutoscaler(object: KubernetesObject): ForeignAutoscaler {
  const { kind = "", name = "" } = ((object.spec ?? {}) as Spec).scaleTargetRef ?? {};
  const owner = controllerOf(object);
  return {
    ...storedOf(object),
    resource: interned(resourceOf(kind, name)),
    isDirect: kind === "Deployment",
    scaledObject: owner?.kind === "ScaledObject" ? owner.name : undefined,
  };
}

const suffix = namesOf("").server;

function resourceOf(kind: string, name: string): string {
  if (kind === "CCTelegramDeployment") return name;
  return kind === "Deployment" && name.endsWith(suffix) ? name.slice(0, -suffix.length) : "";
}

/** KEDA's for our own ScaledObject is as good as ours. */
export const isOfOurs = ({ scaledObject, resource }: ForeignAutoscaler): boolean =>
  scaledObject !== undefined && scaledObject === namesOf(resource).server;
