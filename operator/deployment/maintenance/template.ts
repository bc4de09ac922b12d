import { isDeepStrictEqual } from "node:util";
import { canonicalJson } from "../../runtime/canonical-json.ts";
import { restartAnnotation } from "../names.ts";

/** A pod template as far as the operator writes it. */
export type PodTemplate = {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: { readonly containers?: readonly Container[] };
};

type Container = { readonly name: string; readonly env?: readonly Variable[] };
type Variable = { readonly name: string; readonly value?: string };

/** Variables whose changes do not wait: whoever fences a bridge means now. */
const urgentVariables: ReadonlySet<string> = new Set(["BRIDGE_FENCED"]);

/**
 * The template to write while pods may not be replaced: the live one, with what cannot wait. Undefined when nothing of the
 * desired one waits: it is equal, or somebody asked for a restart, which carries along whatever waits.
 */
export function heldTemplate(live: PodTemplate, desired: PodTemplate): PodTemplate | undefined {
  if (annotation(live, restartAnnotation) !== annotation(desired, restartAnnotation)) return undefined;
  const held = withUrgentVariables(live, desired);
  return isSame(held, desired) ? undefined : held;
}

const isSame = (a: PodTemplate, b: PodTemplate) => canonicalJson(a) === canonicalJson(b);

const annotation = ({ metadata }: PodTemplate, name: string) => metadata?.annotations?.[name];

function withUrgentVariables(live: PodTemplate, desired: PodTemplate): PodTemplate {
  const containers = live.spec?.containers?.map((container) => {
    const wanted = desired.spec?.containers?.find(({ name }) => name === container.name)?.env ?? [];
    const env = container.env ?? [];
    const urgent = (variables: readonly Variable[]) => variables.filter(({ name }) => urgentVariables.has(name));
    if (isDeepStrictEqual(urgent(env), urgent(wanted))) return container;
    return { ...container, env: [...env.filter(({ name }) => !urgentVariables.has(name)), ...urgent(wanted)] };
  });
  return containers === undefined ? live : { ...live, spec: { ...live.spec, containers } };
}
