import * as z from "zod";

/** A lower-case RFC 1123 subdomain of at most `max` characters, as most names of Kubernetes are. */
export const name = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);

/** Name of a Secret of users, beside the resource that refers to it. */
export const secretName = () => name(253).describe("Name of the Secret, in the namespace of this resource.");

/** A key in the data of a Secret. */
export const secretKey = () =>
  z
    .string()
    .min(1)
    .max(253)
    .regex(/^[-._a-zA-Z0-9]+$/);

/** An IANA name, such as Europe/Berlin. */
export const timeZone = () =>
  z
    .string()
    .min(1)
    .max(64)
    .regex(/^[A-Z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/);

/**
 * A Kubernetes quantity that is not negative, as in a pod: 500m, "1.5", "2" or 2. A CRD has no type for "number or
 * string" (only `x-kubernetes-int-or-string`), so a fraction has to be quoted.
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

/** CEL: the quantity at a path, whether it is written as a number or as a string. */
export const quantityAt = (path: string) => `quantity(string(${path}))`;

/** One CEL validation rule; the API server shows `message` when it does not hold. */
export type Rule = {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
  /** The rule is also evaluated at creation, where `oldSelf` is an empty optional. */
  readonly optionalOldSelf?: true;
};

/** Schema metadata that carries CEL rules into the CustomResourceDefinition. */
export const rules = (...list: readonly Rule[]) => ({ "x-kubernetes-validations": list });

/** {@link rules} for a single rule. */
export const rule = (expression: string, message: string) => rules({ rule: expression, message });

/** CEL: the string at this path is a valid label key, or label value. */
export const isLabelKey = (path: string) => `!format.qualifiedName().validate(${path}).hasValue()`;
export const isLabelValue = (path: string) => `!format.labelValue().validate(${path}).hasValue()`;

/** Labels or a selector. Invalid ones are refused here, because the API server would refuse the pods later. */
export const labelMap = (maxProperties: number, ...further: readonly Rule[]) =>
  z.record(z.string(), z.string().max(63)).meta({
    maxProperties,
    ...rules(
      {
        rule: `self.all(key, ${isLabelKey("key")} && ${isLabelValue("self[key]")})`,
        message: "must be valid Kubernetes labels, for example team: blue or example.com/team: blue",
      },
      ...further,
    ),
  });

/** Annotations; their keys have the syntax of label keys. */
export const annotationMap = (maxProperties: number, ...further: readonly Rule[]) =>
  z.record(z.string(), z.string().max(4096)).meta({
    maxProperties,
    ...rules(
      {
        rule: `self.all(key, ${isLabelKey("key")})`,
        message: "must have valid Kubernetes keys, for example team or example.com/team",
      },
      ...further,
    ),
  });
