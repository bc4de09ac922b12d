import { globSync, readFileSync } from "node:fs";
import { dump, loadAll } from "js-yaml";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { program } from "../../../e2e/cluster/programs.ts";
import { run } from "../../../machine/command.mjs";
import { cctelegramDeployments } from "../../../operator/deployment/resource-types.ts";
import { resourcePath } from "../../../operator/runtime/resource-type.ts";
import { createResource, createToken, eventually, untilSettled } from "./support/steps.ts";
import { minimalSpec, World } from "./support/world.ts";

let world: World;
let command: string;

beforeAll(async () => {
  world = await World.create("kubectl");
  world.kubelet.start();
  await createToken(world);
  command = await program("kubectl");
});
afterAll(() => world.dispose());

const flags = () => ["--kubeconfig", inject("kubeconfig"), "-n", world.namespace];
const kubectl = (...args: string[]) => run(command, [...flags(), ...args]);
const apply = (manifest: object) => run(command, [...flags(), "apply", "-f", "-"], { input: JSON.stringify(manifest) });

const scalePath = (name: string) =>
  `/apis/cctelegram.io/v1alpha1/namespaces/${world.namespace}/cctelegramdeployments/${name}/scale`;

const manifest = (spec: object, name = "wrong") => ({
  apiVersion: "cctelegram.io/v1alpha1",
  kind: "CCTelegramDeployment",
  metadata: { name },
  spec: { ...minimalSpec, ...spec },
});

const telegram = minimalSpec.telegram;
const client = (fields: object) => ({ server: { auth: { clients: [{ name: "claude", ...fields }] } } });
const tolerating = (toleration: object) => ({ server: { podTemplate: { tolerations: [toleration] } } });

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
  [
    "an administrator who may not talk to the bot",
    manifest({ telegram: { ...telegram, allowedUsers: [7], admins: [8] } }),
    /admins must be among allowedUsers/,
  ],
  [
    "a group as an administrator",
    manifest({ telegram: { ...telegram, allowedUsers: [-7], admins: [-7] } }),
    /admins\[0\].*greater than or equal to 1/,
  ],
  [
    "a user id that is no id",
    manifest({ telegram: { ...telegram, allowedUsers: [0] } }),
    /allowedUsers must be ids of people, or of groups \(negative\): 0 is neither/,
  ],
  [
    "an API URL without a scheme",
    manifest({ telegram: { ...telegram, apiUrl: "api.telegram.org" } }),
    /apiUrl must be an http or https URL, for example https:\/\/api\.telegram\.org/,
  ],
  [
    "an API URL with a password",
    manifest({ telegram: { ...telegram, apiUrl: "http://user:pa55w0rd@telegram.test" } }),
    /apiUrl must hold no user name or password/,
  ],
  [
    "an API URL with a query",
    manifest({ telegram: { ...telegram, apiUrl: "https://telegram.test/?x=1" } }),
    /apiUrl must have no query and no fragment/,
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
  [
    "more replicas than the autoscaler may make",
    manifest({ profile: "Production", server: { replicas: 30, autoscaling: { maxReplicas: 10 } } }),
    /server\.replicas must not be greater than server\.autoscaling\.maxReplicas while autoscaling is on/,
  ],
  [
    "a CPU request above its limit",
    manifest({ server: { resources: { requests: { cpu: 2 }, limits: { cpu: "1500m" } } } }),
    /requests\.cpu must not be greater than limits\.cpu/,
  ],
  [
    "a memory request above its limit",
    manifest({ bridge: { resources: { requests: { memory: "1Gi" }, limits: { memory: 1073741823 } } } }),
    /requests\.memory must not be greater than limits\.memory/,
  ],
  ["a quantity below zero", manifest({ server: { resources: { limits: { cpu: -1 } } } }), /limits\.cpu.*equal to 0/],
  ["a quantity that is none", manifest({ server: { resources: { limits: { cpu: true } } } }), /limits\.cpu.*type/],
  ["a volume of nothing", manifest({ bridge: { storage: { size: "0Gi" } } }), /size must be greater than 0/],
  ["a volume of no bytes", manifest({ bridge: { storage: { size: 0 } } }), /size must be greater than 0/],
  [
    "a toleration of everything with a value",
    manifest(tolerating({ operator: "Exists", key: "a", value: "b" })),
    /value must be empty when operator is Exists/,
  ],
  [
    "a toleration without a key that is not of everything",
    manifest(tolerating({ operator: "Equal", value: "b" })),
    /operator must be Exists when key is empty/,
  ],
  [
    "a toleration with seconds and another effect",
    manifest(tolerating({ key: "a", operator: "Exists", effect: "NoSchedule", tolerationSeconds: 5 })),
    /tolerationSeconds needs the effect NoExecute/,
  ],
  ["a toleration of no key", manifest(tolerating({ key: "a b", operator: "Exists" })), /key must be a key as labels/],
  ["a toleration of no value", manifest(tolerating({ key: "a", value: "b c" })), /value must be a value as labels/],
  [
    "a version together with a digest",
    manifest({ version: "2", images: { server: `example.com/server@sha256:${"0".repeat(64)}` } }),
    /version cannot change an image that is given by its digest/,
  ],
  [
    "an image that is no image",
    manifest({ images: { server: "Example/Server" } }),
    /images\.server.*server must be a valid image reference/,
  ],
  [
    "everybody as a caller",
    manifest({ networkPolicy: { ingressFrom: [{ namespaceSelector: {} }] } }),
    /an empty namespaceSelector alone would let every pod of the cluster in/,
  ],
  [
    "everybody as a reader of metrics",
    manifest({ monitoring: { ingressFrom: [{ namespaceSelector: { matchLabels: {} }, podSelector: {} }] } }),
    /an empty namespaceSelector alone would let every pod of the cluster in/,
  ],
  [
    "everybody before the dashboard",
    manifest({ monitoring: { dashboard: { ingressFrom: [{ namespaceSelector: {} }] } } }),
    /an empty namespaceSelector alone would let every pod of the cluster in/,
  ],
  [
    "a dashboard that is neither on nor off",
    manifest({ monitoring: { dashboard: { mode: "Auto" } } }),
    /monitoring\.dashboard\.mode.*supported values: "Enabled", "Disabled"/,
  ],
  ...["MONITORING_PASSWORD", "MCP_BAN_LIMITS", "INPUT_VALIDATION_STRICT", "API_KEYS_FILE"].map(
    (name): [string, object, RegExp] => [
      `the variable ${name}, for which there is a field`,
      manifest({ server: { env: [{ name, value: "1" }] } }),
      /this variable is set by the operator: use the corresponding field of the resource/,
    ],
  ),
  [
    "bans for nothing",
    manifest({ server: { bans: { exceededLimits: { count: 0 } } } }),
    /exceededLimits\.count.*greater than or equal to 1/,
  ],
  [
    "bans of more than a day",
    manifest({ server: { bans: { authenticationFailures: { banSeconds: 86_401 } } } }),
    /authenticationFailures\.banSeconds.*less than or equal to 86400/,
  ],
  [
    "a client without any request",
    manifest(client({ requests: 0 })),
    /clients\[0\]\.requests.*greater than or equal to 1/,
  ],
  ...["tomorrow", "2027-01-31", "2027-01-31T00:00:00", "2027-01-31t00:00:00z"].map(
    (expires): [string, object, RegExp] => [
      `a key that ends at ${expires}`,
      manifest(client({ expires })),
      /clients\[0\]\.expires.*should match/,
    ],
  ),
  ...["2027-02-30T00:00:00Z", "2027-01-31T25:00:00Z", "2027-01-31T00:00:60Z"].map(
    (expires): [string, object, RegExp] => [
      `a key that ends at ${expires}, which never comes`,
      manifest(client({ expires })),
      /clients\[0\]\.expires/,
    ],
  ),
  [
    "a key that has ended long ago, most often a typing error",
    manifest(client({ expires: "0027-01-31T00:00:00Z" })),
    /expires must be a time after 2000, for example 2027-01-31T00:00:00Z/,
  ],
  [
    "a time of grace of more than a month",
    manifest({ server: { auth: { rotationGraceSeconds: 2_592_001 } } }),
    /rotationGraceSeconds.*less than or equal to 2592000/,
  ],
  [
    "a way out that leads nowhere",
    manifest({ networkPolicy: { egressTo: [{ ports: [80] }] } }),
    /an item must have either cidr, or selectors/,
  ],
  [
    "a way out to a range that is none",
    manifest({ networkPolicy: { egressTo: [{ cidr: "10.0.0.0/33", ports: [80] }] } }),
    /must be a range of addresses, for example 10\.0\.0\.0\/8/,
  ],
  [
    "a variable that a field stands for",
    manifest({ server: { env: [{ name: "MCP_ENABLE_AUTH", value: "false" }] } }),
    /this variable is set by the operator/,
  ],
  [
    "a variable with which probes could not reach the server",
    manifest({ server: { env: [{ name: "TLS_CERT_PATH", value: "/a" }] } }),
    /inside the cluster the server speaks HTTP, to probes too: TLS ends at the public address/,
  ],
  [
    "a variable of two origins",
    manifest({ bridge: { env: [{ name: "A", value: "b", valueFrom: { secretKeyRef: { name: "a", key: "b" } } }] } }),
    /value and valueFrom exclude each other/,
  ],
  [
    "a variable of no origin",
    manifest({ bridge: { env: [{ name: "A", valueFrom: {} }] } }),
    /valueFrom must have either secretKeyRef or configMapKeyRef/,
  ],
  [
    "a proxy with a password",
    manifest({ proxy: { httpsProxy: "http://user:pa55w0rd@proxy.test:3128" } }),
    /must hold no user name or password/,
  ],
  ...["a-connection", "a-connection-b"].map((name): [string, object, RegExp] => [
    `the name ${name}, with which its Secrets could be those of another resource`,
    manifest({}, name),
    /metadata\.name must not hold '-connection'/,
  ]),
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
  [
    "a permission of a kind that there is not",
    manifest(client({ permissions: ["group:sending", "resource:*", "tool:todo"] })),
    /permissions\[2\].*should match.*group/,
  ],
  [
    "an image with a space",
    manifest({ images: { server: "my image" } }),
    /images\.server.*server must be a valid image reference/,
  ],
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

test.each([
  [
    "quantities without quotes",
    { server: { resources: { requests: { cpu: 2 }, limits: { cpu: 2, memory: 536870912 } } } },
  ],
  ["quantities of every form", { server: { resources: { limits: { cpu: "0.5", memory: "1e9" } } } }],
  ["a request alone, above the default limit", { server: { resources: { requests: { cpu: "1" } } } }],
  [
    "an upper bound alone, below the default lower one",
    { profile: "Production", server: { autoscaling: { maxReplicas: 2 } } },
  ],
  ["a group", { telegram: { ...telegram, allowedUsers: [-1001234567890, 7] } }],
  ["an administrator", { telegram: { ...telegram, allowedUsers: [7, 8], admins: [8] } }],
  ["a toleration of everything", tolerating({ operator: "Exists" })],
  ["an image by its digest", { images: { server: `registry.test:5000/a/b:1@sha256:${"0".repeat(64)}` } }],
  [
    "Prometheus of any namespace",
    { monitoring: { ingressFrom: [{ namespaceSelector: {}, podSelector: { matchLabels: { a: "b" } } }] } },
  ],
  [
    "a dashboard for pods of its namespace",
    { monitoring: { dashboard: { mode: "Enabled", ingressFrom: [{ podSelector: {} }] } } },
  ],
  ["bans and strict input", { server: { bans: { exceededLimits: { count: 3 } }, inputValidation: "Strict" } }],
  [
    "keys that end, with limits of their own",
    {
      server: {
        auth: {
          clients: ["2027-01-31T00:00:00Z", "2028-02-29T23:59:59.5+14:00"].map((expires, index) => ({
            name: `client-${index}`,
            expires,
            requests: 7,
          })),
          rotationGraceSeconds: 0,
        },
      },
    },
  ],
  [
    "a proxy and variables",
    {
      proxy: { httpsProxy: "http://proxy.test:3128", noProxy: ["10.0.0.0/8"] },
      networkPolicy: { egressTo: [{ cidr: "fd00::/64", ports: [3128] }] },
      server: {
        env: [
          { name: "A", value: "b" },
          { name: "B", valueFrom: { configMapKeyRef: { name: "a", key: "b" } } },
        ],
      },
    },
  ],
])("kubectl apply takes %s", async (_what, spec) => {
  const resource = manifest(spec, "right");
  expect(await apply(resource)).toContain("created");
  expect(await apply(resource)).toContain("unchanged");
  await kubectl("delete", "cctd", "right");
});

test("what a volume claim cannot follow cannot be changed", async () => {
  await apply(manifest({}, "fixed"));
  const smaller = manifest({ bridge: { storage: { size: "512Mi" } } }, "fixed");
  await expect(apply(smaller)).rejects.toThrow(/size cannot be lowered: no volume shrinks/);
  expect(await apply(manifest({ bridge: { storage: { size: "1024Mi" } } }, "fixed"))).toContain("configured");
  const other = manifest({ bridge: { storage: { storageClassName: "fast" } } }, "fixed");
  await expect(apply(other)).rejects.toThrow(/storageClassName cannot change/);
  await kubectl("delete", "cctd", "fixed");
});

const examples = globSync("examples/*.yaml").toSorted();

test.each(examples)("%s: applied twice it is unchanged, and no side sees a difference", async (file) => {
  await world.startOperator();
  type Example = { kind: string; metadata: { name: string; namespace?: string } };
  const documents = loadAll(readFileSync(file, "utf8")) as Example[];
  const own = documents.filter(({ kind }) => kind === "CCTelegramDeployment");
  expect(own.length).toBeGreaterThan(0);
  // All are called alike, and what belonged to the one before is collected at leisure.
  const suffix = `-${examples.indexOf(file)}`;
  for (const { metadata } of own) {
    metadata.namespace = world.namespace;
    metadata.name += suffix;
  }
  const input = own.map((document) => dump(document)).join("---\n");
  const kubectlWith = (...args: string[]) => run(command, [...flags(), ...args, "-f", "-"], { input });
  await kubectlWith("apply");
  for (const { metadata } of own) await untilSettled(world, metadata.name, 60_000);
  expect(await kubectlWith("apply")).toMatch(/^(\S+ unchanged\n)+$/);
  // The exit code is 1 if there is a difference.
  expect(await kubectlWith("diff")).toBe("");
  expect(await kubectlWith("diff", "--server-side", "--field-manager=kubectl-client-side-apply")).toBe("");
  await kubectlWith("delete", "--wait");
  await world.stopOperator();
});

test("kubectl get shows the state in one line", async () => {
  await world.startOperator();
  await createResource(world, "team");
  await untilSettled(world, "team");
  const [header = "", line = ""] = (await kubectl("get", "cctd")).split("\n");
  expect(header.split(/\s+/)).toEqual([
    "NAME",
    "READY",
    "SERVERS",
    "BRIDGE",
    "DELIVERING",
    "QUEUE",
    "VERSION",
    "URL",
    "AGE",
  ]);
  const url = `http://team-mcp-server.${world.namespace}.svc:8080/mcp`;
  expect(line.split(/\s+/).slice(0, -1)).toEqual(["team", "True", "1/1", "1/1", "True", "0", "1.2.3", url]);
  expect(await kubectl("get", "cctd", "-o", "wide")).toMatch(/^NAME .* REASON +EXPOSED\s*$/m);
});

test("a resource that says nothing of replicas can be scaled, follows its profile until then, and is no other for kubectl", async () => {
  const scale = async () => JSON.parse(await kubectl("get", "--raw", scalePath("unsaid")));
  const server = { auth: { clients: [{ name: "claude" }] } };
  await apply(manifest({ server }, "unsaid"));
  await untilSettled(world, "unsaid");
  expect(await scale()).toMatchObject({ spec: { replicas: 1 }, status: { replicas: 1 } });
  expect((await scale()).status.selector).toContain("app.kubernetes.io/instance=unsaid");
  expect(await apply(manifest({ server }, "unsaid"))).toContain("unchanged");

  await apply(manifest({ server, loadLevel: "Medium" }, "unsaid"));
  await eventually(async () => expect(await scale()).toMatchObject({ spec: { replicas: 3 }, status: { replicas: 3 } }));
  await apply(manifest({ server, loadLevel: "Low" }, "unsaid"));
  await eventually(async () => expect(await scale()).toMatchObject({ spec: { replicas: 2 }, status: { replicas: 2 } }));
  await apply(manifest({ server, loadLevel: "Medium" }, "unsaid"));
  await eventually(async () => expect(await scale()).toMatchObject({ spec: { replicas: 3 }, status: { replicas: 3 } }));
  await kubectl("scale", "cctd", "unsaid", "--current-replicas=3", "--replicas=2");
  await apply(manifest({ server, loadLevel: "High" }, "unsaid"));
  const { status } = await untilSettled(world, "unsaid");
  expect(status?.servers).toBe("2/2");
  expect(status).not.toHaveProperty("defaultReplicas");
  // An apply of a number does not conflict with a field of the operator's.
  const input = JSON.stringify(manifest({ server: { ...server, replicas: 4 } }, "unsaid"));
  await run(command, [...flags(), "apply", "--server-side", "--field-manager=other", "-f", "-"], { input });
  expect(await scale()).toMatchObject({ spec: { replicas: 4 } });
  await kubectl("delete", "cctd", "unsaid");
});

test("kubectl wait, scale and describe work on the resource", async () => {
  expect(await kubectl("wait", "--for=condition=Ready", "cctd/team", "--timeout=1m")).toContain("condition met");
  await kubectl("scale", "cctd", "team", "--replicas=2");
  expect(await kubectl("get", "cctd", "team", "-o", "jsonpath={.spec.server.replicas}")).toBe("2");
  expect(await kubectl("describe", "cctd", "team")).toMatch(
    /Normal\s+Ready\s.*clients can connect and messages arrive/,
  );
});

test.each([
  "",
  ".spec",
  ".spec.telegram.botTokenSecretRef",
  ".spec.telegram.chats",
  ".spec.telegram.routes",
  ".spec.server.auth.clients",
  ".status.conditions",
])("kubectl explain cctd%s describes every field", async (path) => {
  const text = await kubectl("explain", `cctd${path}`);
  expect(text).not.toMatch(/<no description>/);
  expect(text).toMatch(/DESCRIPTION:\n {4}\S/);
});
