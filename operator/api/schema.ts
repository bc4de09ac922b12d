import * as z from "zod";

/** A lower-case RFC 1123 subdomain of at most `max` characters, as most names of Kubernetes are. */
export const name = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);

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

const isLabelKey = "!format.qualifiedName().validate(key).hasValue()";
const isLabelValue = "!format.labelValue().validate(self[key]).hasValue()";

/** Labels or a selector of them, refused here because the API server would refuse the pods. */
export const labelMap = (maxProperties: number) =>
  z.record(z.string(), z.string().max(63)).meta({
    maxProperties,
    ...rule(
      `self.all(key, ${isLabelKey} && ${isLabelValue})`,
      "must be labels as Kubernetes has them, for example team: blue or example.com/team: blue",
    ),
  });

/** Annotations; their keys are those of labels. */
export const annotationMap = (maxProperties: number) =>
  z.record(z.string(), z.string().max(4096)).meta({
    maxProperties,
    ...rule(
      `self.all(key, ${isLabelKey})`,
      "must have keys as Kubernetes has them, for example team or example.com/team",
    ),
  });
