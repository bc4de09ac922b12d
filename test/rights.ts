import { readFileSync } from "node:fs";

type Rule = {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly (string | undefined)[];
  readonly verbs: readonly string[];
};

type Role = {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string };
  readonly rules?: readonly Rule[];
};
type Binding = { readonly kind?: string; readonly roleRef?: { readonly kind: string; readonly name: string } };

type AuditLine = {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly resource?: string;
    readonly apiGroup?: string;
    readonly subresource?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
};

/** An owner reference that blocks deletion needs this right; the API server checks it without a request. */
const withoutRequest = new Set(["update cctelegram.io/cctelegramdeployments/finalizers"]);

const right = (verb: string, group: string, resource: string, name?: string) =>
  `${verb} ${group}/${resource}${name === undefined ? "" : ` ${name}`}`;

/** "patch apps/deployments" for each right that the manifest's bound roles grant, with the name where only one is meant. */
export function grantedRights(manifest: readonly unknown[]): Set<string> {
  const objects = manifest as readonly (Role & Binding)[];
  const bound = new Set(objects.flatMap(({ roleRef }) => (roleRef ? [`${roleRef.kind}/${roleRef.name}`] : [])));
  const roles = objects.filter(({ kind, metadata, rules }) => rules && bound.has(`${kind}/${metadata?.name}`));
  return new Set(roles.flatMap(({ rules = [] }) => rules.flatMap(rightsOf)));
}

const rightsOf = ({ apiGroups = [], resources = [], resourceNames = [undefined], verbs }: Rule) =>
  apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      verbs.flatMap((verb) => resourceNames.map((name) => right(verb, group, resource, name))),
    ),
  );

/** The rights that an account used, by the API server's audit log, each with and without the name of the object. */
export function usedRights(auditLog: string, account: string): Set<string> {
  // Most lines are not about it, and need not be parsed.
  const lines = readFileSync(auditLog, "utf8")
    .split("\n")
    .filter((text) => text.includes(account));
  const requests = lines.map((text) => JSON.parse(text) as AuditLine).filter(({ user }) => user.username === account);
  return new Set(requests.flatMap(usedBy));
}

function usedBy({ verb, objectRef, responseStatus }: AuditLine): string[] {
  const { resource, apiGroup = "", subresource, name } = objectRef ?? {};
  if (resource === undefined) return [];
  const path = subresource === undefined ? resource : `${resource}/${subresource}`;
  // An apply that creates an object needs both rights.
  const verbs = verb === "patch" && responseStatus?.code === 201 ? ["patch", "create"] : [verb];
  const names = name === undefined ? [undefined] : [undefined, name];
  return verbs.flatMap((each) => names.map((one) => right(each, apiGroup, path, one)));
}

export function compareRights(granted: ReadonlySet<string>, used: ReadonlySet<string>) {
  const withoutName = (text: string) => text.split(" ").slice(0, 2).join(" ");
  const grantedAtAll = new Set([...granted].map(withoutName));
  return {
    unused: [...granted].filter((each) => !used.has(each) && !withoutRequest.has(each)).sort(),
    missing: [...used].filter((each) => each.split(" ").length === 2 && !grantedAtAll.has(each)).sort(),
  };
}
