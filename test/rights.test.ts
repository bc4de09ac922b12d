import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { compareRights, grantedRights, usedRights } from "./rights.ts";

const role = (rules: object[], name = "operator") => ({ kind: "ClusterRole", metadata: { name }, rules });
const binding = { kind: "ClusterRoleBinding", roleRef: { kind: "ClusterRole", name: "operator" } };

const request = (verb: string, objectRef: object, code = 200, username = "operator") => ({
  stage: "ResponseComplete",
  verb,
  user: { username },
  objectRef,
  responseStatus: { code },
});

function used(...requests: object[]) {
  const folder = mkdtempSync(join(tmpdir(), "cctelegram-rights-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const log = join(folder, "audit.log");
  writeFileSync(log, requests.map((each) => `${JSON.stringify(each)}\n`).join(""));
  return usedRights(log, "operator");
}

const secrets = { resource: "secrets", name: "a" };

test("what is granted and used is in order, by verb, group and resource", () => {
  const rules = [
    { apiGroups: [""], resources: ["secrets"], verbs: ["get", "create", "patch"] },
    { apiGroups: ["apps"], resources: ["deployments/scale"], verbs: ["patch"] },
    { apiGroups: ["coordination.k8s.io"], resources: ["leases"], resourceNames: ["one"], verbs: ["get"] },
  ];
  const requests = [
    request("get", secrets),
    // An apply that creates an object needs both.
    request("patch", secrets, 201),
    request("patch", { apiGroup: "apps", resource: "deployments", subresource: "scale", name: "a" }),
    request("get", { apiGroup: "coordination.k8s.io", resource: "leases", name: "one" }),
  ];
  expect(compareRights(grantedRights([role(rules), binding]), used(...requests))).toEqual({ unused: [], missing: [] });
});

test("a verb too many, a name that was never asked for, and a verb too few are told", () => {
  const rules = [
    { apiGroups: [""], resources: ["secrets"], verbs: ["get", "delete"] },
    { apiGroups: ["coordination.k8s.io"], resources: ["leases"], resourceNames: ["one"], verbs: ["get"] },
  ];
  const requests = [
    request("get", secrets),
    request("list", { resource: "pods" }, 403),
    request("get", { apiGroup: "coordination.k8s.io", resource: "leases", name: "another" }),
    request("delete", secrets, 200, "a-person"),
  ];
  expect(compareRights(grantedRights([role(rules), binding]), used(...requests))).toEqual({
    unused: ["delete /secrets", "get coordination.k8s.io/leases one"],
    missing: ["list /pods"],
  });
});

test("roles that are bound to nobody grant nothing", () => {
  const rules = [{ apiGroups: [""], resources: ["secrets"], verbs: ["get"] }];
  expect(grantedRights([role(rules, "for-people"), binding])).toEqual(new Set());
});
