import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestNamespace, testNamespace } from "../runtime/api-server.ts";
import { eventually } from "./support/steps.ts";

let here: TestNamespace;
let elsewhere: TestNamespace;
const users = { view: user(), edit: user(), admin: user() };

function user(): string {
  return `user-${randomBytes(4).toString("hex")}`;
}

beforeAll(async () => {
  [here, elsewhere] = await Promise.all([testNamespace("roles"), testNamespace("no-roles")]);
  for (const [role, name] of Object.entries(users)) {
    await here.client.request({
      method: "POST",
      path: `/apis/rbac.authorization.k8s.io/v1/namespaces/${here.namespace}/rolebindings`,
      body: {
        metadata: { name: role },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name }],
      },
    });
  }
});
afterAll(async () => {
  await Promise.all([here.dispose(), elsewhere.dispose()]);
});

async function may(
  name: string,
  verb: string,
  subresource: string,
  namespace: string,
  resource: string,
): Promise<boolean> {
  const { status } = await here.client.request<{ status: { allowed: boolean } }>({
    method: "POST",
    path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    body: {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: {
        user: name,
        resourceAttributes: { group: "cctelegram.io", resource, subresource, verb, namespace },
      },
    },
  });
  return status.allowed;
}

async function verbsOf(
  role: keyof typeof users,
  subresource = "",
  namespace = here.namespace,
  resource = "cctelegramdeployments",
): Promise<string[]> {
  const verbs = ["get", "list", "watch", "create", "update", "patch", "delete"];
  const allowed = await Promise.all(verbs.map((verb) => may(users[role], verb, subresource, namespace, resource)));
  return verbs.filter((_verb, index) => allowed[index]);
}

const reading = ["get", "list", "watch"];
const everything = [...reading, "create", "update", "patch", "delete"];

test("view looks at resources, edit and admin change them and their scale, nobody writes a status", async () => {
  // Roles are aggregated a moment after their parts were created.
  await eventually(async () => expect(await verbsOf("view")).toEqual(reading));
  for (const role of ["edit", "admin"] as const) {
    await eventually(async () => expect(await verbsOf(role)).toEqual(everything));
    expect(await verbsOf(role, "scale")).toEqual([...reading, "update", "patch"]);
    expect(await verbsOf(role, "status")).toEqual(reading);
    expect(await verbsOf(role, "finalizers")).toEqual([]);
    expect(await verbsOf(role, "", elsewhere.namespace)).toEqual([]);
  }
  expect(await verbsOf("view", "scale")).toEqual(reading);
  const ofBackups = (role: keyof typeof users, subresource = "") =>
    verbsOf(role, subresource, here.namespace, "cctelegrambackups");
  expect(await ofBackups("view")).toEqual(reading);
  expect(await ofBackups("edit")).toEqual(everything);
  expect(await ofBackups("edit", "status")).toEqual(reading);
});
