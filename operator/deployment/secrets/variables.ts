import { createHmac } from "node:crypto";
import type { DeploymentSpec } from "../../api/spec.ts";
import { configMapCalled, type Referred } from "./referred-values.ts";

type Part = DeploymentSpec["server"] | DeploymentSpec["bridge"];

/**
 * A text that changes when the content does to which the variables of a part refer; undefined without such variables. Pods read
 * variables at their start only, so those of another content are replaced. `salt` is secret: without it the text would let whoever
 * may see pods try out what a short value is. While anything cannot be read it stays as it is in the pods: they could not start.
 */
export function variablesMark(
  { env = [] }: Part,
  { referred, salt, present }: { referred: Referred; salt: string; present: string | undefined },
): string | undefined {
  const refs = env.flatMap(({ valueFrom }) => refOf(valueFrom) ?? []);
  if (refs.length === 0) return undefined;
  const digests = refs.map(({ called, key }) => {
    const values = referred.get(called);
    return values === undefined || values === "Missing" ? undefined : values.get(key)?.digest;
  });
  if (digests.includes(undefined)) return present;
  const mark = createHmac("sha256", salt);
  for (const digest of digests) mark.update(`${digest}\n`);
  return mark.digest("hex").slice(0, 16);
}

type Source = NonNullable<NonNullable<Part["env"]>[number]["valueFrom"]>;

function refOf({ secretKeyRef, configMapKeyRef }: Source = {}): { called: string; key: string } | undefined {
  if (secretKeyRef !== undefined) return { called: secretKeyRef.name, key: secretKeyRef.key };
  return configMapKeyRef && { called: configMapCalled(configMapKeyRef.name), key: configMapKeyRef.key };
}

/** Whether variables of either part refer to Secrets or ConfigMaps. */
export const refersToValues = ({ server, bridge }: DeploymentSpec): boolean =>
  [server, bridge].some(({ env = [] }) => env.some(({ valueFrom }) => refOf(valueFrom) !== undefined));
