import * as z from "zod";

/** A lower-case RFC 1123 subdomain of at most `max` characters, as most names of Kubernetes are. */
export const name = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);

/**
 * A Kubernetes quantity that is not negative, as a pod takes it: 500m, 1.5, "2" or 2. A definition has no type for "number or
 * text" (only `x-kubernetes-int-or-string`), so that a fraction has to be quoted.
 */
export const quantity = () =>
  z.union([
    z.int().min(0),
    z
      .string()
      .min(1)
      .max(20)
      .regex(/^([0-9]+\.?[0-9]{0,3}|\.[0-9]{1,3})(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][12]?[0-9])?$/),
  ]);

/** The quantity at a path of a CEL rule, whether it is written as a number or as text. */
export const quantityAt = (path: string) => `quantity(string(${path}))`;

/** One CEL validation rule; the API server shows `message` when it does not hold. */
export type Rule = {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
  /** The rule is asked at creation, too, where `oldSelf` is an empty optional. */
  readonly optionalOldSelf?: true;
};

/** Schema metadata that carries CEL rules into the CustomResourceDefinition. */
export const rules = (...list: readonly Rule[]) => ({ "x-kubernetes-validations": list });

/** Shorthand of {@link rules} for a single rule. */
export const rule = (expression: string, message: string) => rules({ rule: expression, message });

/** CEL: the text at this path is a label's key, or its value. */
export const isLabelKey = (path: string) => `!format.qualifiedName().validate(${path}).hasValue()`;
export const isLabelValue = (path: string) => `!format.labelValue().validate(${path}).hasValue()`;

/** Labels or a selector of them, refused here because the API server would refuse the pods; `further` rules count, too. */
export const labelMap = (maxProperties: number, ...further: readonly Rule[]) =>
  z.record(z.string(), z.string().max(63)).meta({
    maxProperties,
    ...rules(
      {
        rule: `self.all(key, ${isLabelKey("key")} && ${isLabelValue("self[key]")})`,
        message: "must be labels as Kubernetes has them, for example team: blue or example.com/team: blue",
      },
      ...further,
    ),
  });

/** Annotations; their keys are those of labels. */
export const annotationMap = (maxProperties: number, ...further: readonly Rule[]) =>
  z.record(z.string(), z.string().max(4096)).meta({
    maxProperties,
    ...rules(
      {
        rule: `self.all(key, ${isLabelKey("key")})`,
        message: "must have keys as Kubernetes has them, for example team or example.com/team",
      },
      ...further,
    ),
  });
