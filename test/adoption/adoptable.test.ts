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
  ["Secret", { name: "telegram" }, "nothing says"],
  ["Secret", { name: "other-hmac", ownerReferences: [{ ...owner, name: "other" }] }, "other controls it"],
  ["Secret", { name: "s", ownerReferences: [{ ...owner, kind: "Certificate" }] }, "Certificate team controls it"],
  ["CCTelegramDeployment", { name: "other" }, "it is not team"],
])("%s %o is left out and named", (kind, metadata, why) => {
  const { objects, leftOut } = adoptable([exported(kind, metadata)], "team");
  expect(objects).toEqual([]);
  expect(leftOut[0]).toContain(why);
});
