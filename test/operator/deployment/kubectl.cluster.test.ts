import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { binaries } from "../../../e2e/cluster/binaries.ts";
import { run } from "../../../e2e/cluster/command.ts";
import { cctelegramDeployments } from "../../../operator/deployment/resource-types.ts";
import { resourcePath } from "../../../operator/runtime/resource-type.ts";
import { createResource, createToken, untilSettled } from "./support/steps.ts";
import { minimalSpec, World } from "./support/world.ts";

let world: World;
let command: string;

beforeAll(async () => {
  world = await World.create("kubectl");
  world.kubelet.start();
  await createToken(world);
  command = join(await binaries("kubernetes"), "kubectl");
});
afterAll(() => world.dispose());

const flags = () => ["--kubeconfig", inject("kubeconfig"), "-n", world.namespace];
const kubectl = (...args: string[]) => run(command, [...flags(), ...args]);
const apply = (manifest: object) => run(command, [...flags(), "apply", "-f", "-"], { input: JSON.stringify(manifest) });

const manifest = (spec: object, name = "wrong") => ({
  apiVersion: "cctelegram.io/v1alpha1",
  kind: "CCTelegramDeployment",
  metadata: { name },
  spec: { ...minimalSpec, ...spec },
});

const telegram = minimalSpec.telegram;
const client = (fields: object) => ({ server: { auth: { clients: [{ name: "claude", ...fields }] } } });

/** What is wrong, the manifest, and what the refusal says. */
const wrong: readonly [string, object, RegExp][] = [
  ["no telegram at all", manifest({ telegram: undefined }), /spec\.telegram: Required value/],
  ["no bot token reference", manifest({ telegram: { allowedUsers: [1] } }), /botTokenSecretRef: Required value/],
  ["nobody to write to", manifest({ telegram: { ...telegram, allowedUsers: [] } }), /allowedUsers.*at least 1 items/],
  [
    "a user twice",
    manifest({ telegram: { ...telegram, allowedUsers: [7, 7] } }),
    /allowedUsers\[1\]: Duplicate value: 7/,
  ],
  ["a user by name", manifest({ telegram: { ...telegram, allowedUsers: ["@me"] } }), /must be of type integer/],
  ["a user id that is no id", manifest({ telegram: { ...telegram, allowedUsers: [0] } }), /greater than or equal to 1/],
  [
    "an API URL without a scheme",
    manifest({ telegram: { ...telegram, apiUrl: "api.telegram.org" } }),
    /apiUrl must be an http or https URL, for example https:\/\/api\.telegram\.org/,
  ],
  ["a misspelled field", manifest({ server: { replica: 3 } }), /unknown field "spec\.server\.replica"/],
  [
    "an unknown profile",
    manifest({ profile: "production" }),
    /supported values: "Development", "Staging", "Production"/,
  ],
  [
    "an unknown load level",
    manifest({ loadLevel: "Extreme" }),
    /supported values: "Low", "Medium", "High", "VeryHigh"/,
  ],
  ["too many replicas", manifest({ server: { replicas: 101 } }), /server\.replicas.*less than or equal to 100/],
  [
    "bounds in the wrong order",
    manifest({ server: { autoscaling: { minReplicas: 5, maxReplicas: 2 } } }),
    /minReplicas must not be greater than maxReplicas/,
  ],
  ["a quantity in words", manifest({ bridge: { storage: { size: "1 GB" } } }), /storage\.size.*should match/],
  ["a client name that is no name", manifest(client({ name: "Claude Desktop" })), /clients\[0\]\.name.*should match/],
  ["a client name with an empty part", manifest(client({ name: "a..b" })), /clients\[0\]\.name.*should match/],
  [
    "a client twice",
    manifest({ server: { auth: { clients: [{ name: "claude" }, { name: "claude" }] } } }),
    /clients\[1\]: Duplicate value: \{"name":"claude"\}/,
  ],
  [
    "a permission that is no tool",
    manifest(client({ permissions: ["send message"] })),
    /permissions\[0\].*should match/,
  ],
  ["an image with a space", manifest({ images: { server: "my image" } }), /images\.server.*should match/],
  ["a version that is no tag", manifest({ version: "v1/2" }), /spec\.version.*should match/],
  ["a label that is no label", manifest({ server: { podTemplate: { labels: { team: "a b" } } } }), /labels.*label/],
  [
    "a name too long for its pods",
    manifest({}, "a".repeat(41)),
    /metadata\.name must have at most 40 characters: the names of its pods are built from it/,
  ],
  [
    "a name that no Service can have",
    manifest({}, "1team"),
    /metadata\.name must be letters, digits and '-', and start with a letter/,
  ],
];

describe("kubectl apply refuses", () => {
  test.each(wrong)("%s", async (_what, manifest, message) => {
    await expect(apply(manifest)).rejects.toThrow(message);
    expect(await world.client.list(resourcePath(cctelegramDeployments, { namespace: world.namespace }))).toEqual([]);
  });
});

test("what a volume claim cannot follow cannot be changed", async () => {
  await apply(manifest({}, "fixed"));
  const larger = manifest({ bridge: { storage: { size: "2Gi" } } }, "fixed");
  await expect(apply(larger)).rejects.toThrow(/size cannot change.*Expand the PersistentVolumeClaim itself/);
  const other = manifest({ bridge: { storage: { storageClassName: "fast" } } }, "fixed");
  await expect(apply(other)).rejects.toThrow(/storageClassName cannot change/);
  await kubectl("delete", "cctd", "fixed");
});

test("kubectl get shows the state in one line", async () => {
  await world.startOperator();
  await createResource(world, "team");
  await untilSettled(world, "team");
  const [header = "", line = ""] = (await kubectl("get", "cctd")).split("\n");
  expect(header.split(/\s+/)).toEqual(["NAME", "READY", "SERVERS", "BRIDGE", "QUEUE", "VERSION", "URL", "AGE"]);
  const url = `http://team-mcp-server.${world.namespace}.svc:8080/mcp`;
  expect(line.split(/\s+/).slice(0, -1)).toEqual(["team", "True", "1/1", "1/1", "0", "1.2.3", url]);
  expect(await kubectl("get", "cctd", "-o", "wide")).toMatch(/^NAME .* REASON\s*$/m);
});

test("kubectl wait, scale and describe work on the resource", async () => {
  expect(await kubectl("wait", "--for=condition=Ready", "cctd/team", "--timeout=5s")).toContain("condition met");
  await kubectl("scale", "cctd", "team", "--replicas=2");
  expect(await kubectl("get", "cctd", "team", "-o", "jsonpath={.spec.server.replicas}")).toBe("2");
  expect(await kubectl("describe", "cctd", "team")).toMatch(
    /Normal\s+Ready\s.*clients can connect and messages arrive/,
  );
});

test.each(["", ".spec", ".spec.telegram.botTokenSecretRef", ".spec.server.auth.clients", ".status.conditions"])(
  "kubectl explain cctd%s describes every field",
  async (path) => {
    const text = await kubectl("explain", `cctd${path}`);
    expect(text).not.toMatch(/<no description>/);
    expect(text).toMatch(/DESCRIPTION:\n {4}\S/);
  },
);
