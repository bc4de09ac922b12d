import { z } from "zod";

/** A lower-case RFC 1123 name of at most `max` characters. */
export const name = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);

/** A Kubernetes quantity without exponent notation, which nobody writes for CPU, memory and storage. */
export const quantity = () =>
  z
    .string()
    .min(1)
    .max(20)
    .regex(/^[0-9]+(\.[0-9]{1,3})?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/);

/** One CEL validation rule; the API server shows `message` when it does not hold. */
export type Rule = { readonly rule: string; readonly message: string; readonly fieldPath?: string };

/** Schema metadata that carries CEL rules into the CustomResourceDefinition. */
export const rules = (...list: readonly Rule[]) => ({ "x-kubernetes-validations": list });

/** Shorthand of {@link rules} for a single rule. */
export const rule = (expression: string, message: string) => rules({ rule: expression, message });

/** A map of strings such as labels or annotations. */
export const stringMap = (maxProperties: number) => z.record(z.string(), z.string().max(4096)).meta({ maxProperties });
