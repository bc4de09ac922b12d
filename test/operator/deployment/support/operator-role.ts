import { readFileSync } from "node:fs";
import { load } from "js-yaml";

export type Rule = {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
};

type Role = { readonly kind: string; readonly rules?: readonly Rule[] };

/** The rules that the chart gives the operator, by kind of role. Only names are templated in that file. */
export function chartRules(kind: "ClusterRole" | "Role"): readonly Rule[] {
  const template = readFileSync("charts/cctelegram-operator/templates/rbac.yaml", "utf8");
  const documents = template
    .replace(/\{\{-.*?\}\}/g, "{}")
    .replace(/\{\{.*?\}\}/g, "x")
    .split(/^---$/m);
  const role = documents.map((document) => load(document) as Role).find((document) => document.kind === kind);
  if (!role?.rules) throw new Error(`the chart has no ${kind}`);
  return role.rules;
}
