import type { KubernetesObject } from "./kubernetes-object.ts";

export function ownedFields(_object: KubernetesObject, _fieldManager: string, _subresource = ""): unknown {
  throw new Error("not yet");
}

export function desiredFields(_desired: KubernetesObject): unknown {
  throw new Error("not yet");
}

export function fingerprint(_value: unknown): string {
  throw new Error("not yet");
}

export function desiredFingerprint(_desired: KubernetesObject): string {
  throw new Error("not yet");
}
