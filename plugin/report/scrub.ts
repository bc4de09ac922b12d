import type { KubernetesObject } from "../../operator/runtime/kubernetes-object.ts";

const removed = "[removed]";

/** Shorter ones would take innocent words with them. */
const shortest = 6;

/** Forms in which a value may stand in a text. */
function formsOf(value: string): readonly string[] {
  const base64 = Buffer.from(value).toString("base64");
  return [
    value,
    base64,
    base64.replace(/=+$/, ""),
    Buffer.from(value).toString("base64url"),
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
  ];
}

/** What looks like a secret, whosever it is. */
const patterns: readonly (readonly [RegExp, string])[] = [
  // A bot's token.
  [/\d{5,}:[A-Za-z0-9_-]{20,}/g, removed],
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, `$1 ${removed}`],
  [/(x-api-key["':\s]+)[^\s"',}]{8,}/gi, `$1${removed}`],
  [/(:\/\/)[^\s/"\\@]+@/g, `$1${removed}@`],
  // A token of Kubernetes, or of an authorization server.
  [/\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*/g, removed],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g, removed],
  [/\bAGE-SECRET-KEY-1[A-Z0-9]+/gi, removed],
  // A generated key; digests of images stay.
  [/(?<![0-9a-f]|sha256:)[0-9a-f]{64}(?![0-9a-f])/g, removed],
];

/** Takes known secrets, in every form, and what looks like one, out of texts. */
export function scrubber(values: readonly string[]): (text: string) => string {
  const forms = new Set(
    values
      .flatMap(splitValues)
      .filter(({ length }) => length >= shortest)
      .flatMap(formsOf),
  );
  // The longest first: a part of a secret must not be all that is found of it.
  const known = [...forms].toSorted((a, b) => b.length - a.length);
  return (text) => {
    const without = known.reduce((rest, form) => rest.replaceAll(form, removed), text);
    return patterns.reduce((rest, [pattern, words]) => rest.replace(pattern, words), without);
  };
}

/** A value as a whole, without the line end that many have, and its single lines. */
const splitValues = (value: string): readonly string[] => [
  value,
  value.trim(),
  ...value.split("\n").map((line) => line.trim()),
];

const secretName = /secret|token|passw|credential|api_?key|private|auth/i;

/** An object of the cluster as a report may show it: of Secrets the sizes, of variables with telling names no value, and no bookkeeping. */
export function shownObject(object: KubernetesObject): KubernetesObject {
  const { managedFields: _fields, annotations = {}, ...metadata } = object.metadata;
  const { "kubectl.kubernetes.io/last-applied-configuration": _applied, ...shown } = annotations;
  const rest = object.kind === "Secret" ? withSizes(object) : (withoutVariables(object) as KubernetesObject);
  return { ...rest, metadata: { ...metadata, annotations: shown } };
}

function withSizes({ data, stringData: _text, ...rest }: KubernetesObject): KubernetesObject {
  const sizes = Object.entries((data ?? {}) as Readonly<Record<string, string>>).map(([key, value]) => [
    key,
    `${Buffer.from(value, "base64").length} bytes`,
  ]);
  return { ...rest, data: Object.fromEntries(sizes) };
}

/** Wherever a list has items of a name and a value, such as those of containers and of spec.server.env. */
function withoutVariables(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutVariables);
  if (typeof value !== "object" || value === null) return value;
  const { name, value: own } = value as { name?: unknown; value?: unknown };
  const isSecret =
    typeof name === "string" &&
    typeof own === "string" &&
    secretName.test(name) &&
    !/^(true|false|\d*|\/\S*)$/.test(own);
  const entries = Object.entries(value).map(([key, field]) => [
    key,
    key === "value" && isSecret ? removed : withoutVariables(field),
  ]);
  return Object.fromEntries(entries);
}
