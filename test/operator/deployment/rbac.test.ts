import { expect, test } from "vitest";
import * as types from "../../../operator/deployment/resource-types.ts";
import { chartRules } from "./support/operator-role.ts";

const rules = chartRules("ClusterRole");
const all = [...rules, ...chartRules("Role")];

const verbsOf = (group: string, resource: string) =>
  rules
    .filter(({ apiGroups, resources }) => apiGroups.includes(group) && resources.includes(resource))
    .flatMap(({ verbs }) => verbs);

const written = [...types.childTypes, ...types.monitoringTypes];
const read = [types.pods, types.events, types.customResourceDefinitions];

test("the tables below name every type that the operator knows", () => {
  const known = Object.values(types).filter((value) => "plural" in value);
  expect(new Set([types.cctelegramDeployments, ...written, ...read])).toEqual(new Set(known));
});

test.each(written)("$kind objects can be watched, applied and deleted, and no more", ({ group, plural }) => {
  expect(verbsOf(group, plural).sort()).toEqual(["create", "delete", "get", "list", "patch", "watch"]);
});

test.each(read)("$kind objects can be watched, and no more", ({ group, plural }) => {
  expect(verbsOf(group, plural).sort()).toEqual(["get", "list", "watch"]);
});

test("resources can be watched and get the default of their replicas, and no more", () => {
  const { group, plural } = types.cctelegramDeployments;
  expect(verbsOf(group, plural).sort()).toEqual(["get", "list", "patch", "watch"]);
});

test("the status can be applied, events written", () => {
  expect(verbsOf("cctelegram.io", "cctelegramdeployments/status")).toContain("patch");
  expect(verbsOf("events.k8s.io", "events")).toEqual(expect.arrayContaining(["create", "patch"]));
});

test("no rule has a wildcard, and none may escalate", () => {
  const words = all.flatMap(({ apiGroups, resources, verbs }) => [...apiGroups, ...resources, ...verbs]);
  expect(words.filter((word) => word.includes("*"))).toEqual([]);
  expect(words.filter((word) => ["escalate", "bind", "impersonate", "deletecollection"].includes(word))).toEqual([]);
});

test("no rule names a resource that the operator does not use", () => {
  const used = [types.cctelegramDeployments, ...written, ...read].map(({ plural }) => plural);
  const named = rules.flatMap(({ resources }) => resources.map((resource) => resource.split("/")[0] ?? ""));
  expect(named.filter((resource) => !used.includes(resource))).toEqual([]);
});
