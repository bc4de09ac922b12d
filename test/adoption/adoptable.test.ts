import { spawnSync } from "node:child_process";
import { loadAll } from "js-yaml";
import { expect, test } from "vitest";
import { adoptable, type Exported } from "../../adoption/adoptable.ts";

const foreign = {
  uid: "1",
  resourceVersion: "2",
  creationTimestamp: "2026-01-01T00:00:00Z",
  generation: 3,
  managedFields: [{}],
  selfLink: "/",
};
const owner = {
  apiVersion: "cctelegram.io/v1alpha1",
  kind: "CCTelegramDeployment",
  name: "team",
  uid: "9",
  controller: true,
};

const exported = (kind: string, metadata: Exported["metadata"], fields: object = {}) =>
  ({
    apiVersion: "v1",
    kind,
    metadata: { namespace: "tools", ...foreign, ...metadata },
    ...fields,
  }) as unknown as Exported;

test("an object of another cluster loses what binds it there, and is handed over with what it holds", () => {
  const secret = exported(
    "Secret",
    { name: "team-hmac", labels: { a: "b" }, ownerReferences: [owner] },
    { data: { secret: "YQ==" } },
  );
  expect(adoptable([secret], "team")).toEqual({
    leftOut: [],
    objects: [
      {
        apiVersion: "v1",
        kind: "Secret",
        metadata: {
          name: "team-hmac",
          namespace: "tools",
          labels: { a: "b" },
          annotations: { "cctelegram.io/adopt": "team" },
        },
        data: { secret: "YQ==" },
      },
    ],
  });
});

test("the resource itself is not handed over to itself, and loses its status and what kubectl has noted", () => {
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": "{}", "cctelegram.io/restartedAt": "x" };
  const resource = exported(
    "CCTelegramDeployment",
    { name: "team", annotations },
    { spec: { version: "1.0.0" }, status: {} },
  );
  expect(adoptable([resource], "team").objects).toEqual([
    {
      apiVersion: "v1",
      kind: "CCTelegramDeployment",
      metadata: { name: "team", namespace: "tools", annotations: { "cctelegram.io/restartedAt": "x" } },
      spec: { version: "1.0.0" },
    },
  ]);
});

test("a resource does not start again with the archive that it once started with, and says so", () => {
  const spec = { version: "1.0.0", restoreFrom: { backupName: "nightly" } };
  const { objects, leftOut } = adoptable([exported("CCTelegramDeployment", { name: "team" }, { spec })], "team");
  expect(objects.map((object) => object.spec)).toEqual([{ version: "1.0.0" }]);
  expect(leftOut).toEqual([expect.stringContaining("restoreFrom of team")]);
});

test("objects come into the namespace that is named", () => {
  const { objects } = adoptable([exported("CCTelegramDeployment", { name: "team" })], "team", "other");
  expect(objects.map(({ metadata }) => metadata.namespace)).toEqual(["other"]);
});

test("Services get addresses of the new cluster", () => {
  const labels = { "app.kubernetes.io/instance": "team" };
  const service = (clusterIP: string) =>
    exported("Service", { name: "s", labels }, { spec: { clusterIP, clusterIPs: [clusterIP], ports: [] } });
  const { objects } = adoptable([service("10.0.0.7"), service("None")], "team");
  expect(objects.map(({ spec }) => spec)).toEqual([{ ports: [] }, { clusterIP: "None", ports: [] }]);
});

test.each([
  ["Pod", { name: "team-bridge-0" }, "makes it anew"],
  ["PersistentVolumeClaim", { name: "queue-team-bridge-0" }, "data"],
  ["CCTelegramBackup", { name: "nightly", labels: { "app.kubernetes.io/instance": "team" } }, "made anew"],
  ["Secret", { name: "telegram" }, "nothing says"],
  ["Secret", { name: "other-hmac", ownerReferences: [{ ...owner, name: "other" }] }, "other controls it"],
  ["Secret", { name: "s", ownerReferences: [{ ...owner, kind: "Certificate" }] }, "Certificate team controls it"],
  ["CCTelegramDeployment", { name: "other" }, "it is not team"],
])("%s %o is left out and named", (kind, metadata, why) => {
  const { objects, leftOut } = adoptable([exported(kind, metadata)], "team");
  expect(objects).toEqual([]);
  expect(leftOut[0]).toContain(why);
});

const run = (args: readonly string[], input: string) =>
  spawnSync(process.execPath, ["adoption/main.ts", ...args], { input, encoding: "utf8" });

test("the program takes what kubectl prints, one document after the other, and names what it leaves out", () => {
  const list = { apiVersion: "v1", kind: "List", items: [exported("Secret", { name: "telegram" })] };
  const resource = exported("CCTelegramDeployment", { name: "team" }, { spec: {} });
  const { status, stdout, stderr } = run(
    ["--resource", "team"],
    `${JSON.stringify(list)}\n---\n${JSON.stringify(resource)}`,
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining("left out: Secret telegram") });
  expect(loadAll(stdout)).toEqual([expect.objectContaining({ kind: "CCTelegramDeployment" })]);
});

test.each([
  ["without the resource", [], "{}", "--resource NAME"],
  ["of what is none of Kubernetes", ["--resource", "team"], "hello", "kubectl get -o yaml"],
])("the program %s says what to do, and gives kubectl nothing", (_what, args, input, told) => {
  const { status, stdout, stderr } = run(args, input);
  expect({ stdout, stderr }).toEqual({ stdout: "", stderr: expect.stringContaining(told) });
  expect(status).not.toBe(0);
});
