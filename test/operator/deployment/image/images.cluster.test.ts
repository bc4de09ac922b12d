import { afterAll, beforeAll, expect, test } from "vitest";
import type { ImageFinding, ImageQuestion } from "../../../../operator/deployment/image/review.ts";
import { deployments, secrets, statefulSets } from "../../../../operator/deployment/resource-types.ts";
import {
  changeSpec,
  conditionOf,
  createResource,
  createToken,
  eventually,
  exists,
  readResource,
  untilAnnounced,
  untilCondition,
  untilReady,
  untilSettled,
} from "../support/steps.ts";
import { World } from "../support/world.ts";
import { cosignPair } from "./support/signing.ts";

let world: World;
const pair = cosignPair();
const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;
const server = (tag: string) => `docker.io/cctelegram/server:${tag}`;

/** By reference: what a registry says. The real one is in review.process.test.ts. */
const found = new Map<
  string,
  { state: "Found"; digest: string } | { state: "Refused" | "Unverifiable"; message: string }
>();
const asked: ImageQuestion[] = [];

beforeAll(async () => {
  world = await World.create("image");
  world.kubelet.start();
  await createToken(world);
  world.settings = { ...world.settings, operatorVersion: "1.3.0" };
  world.reviewImage = async (question): Promise<ImageFinding> => {
    asked.push(question);
    const { policy, reference } = question;
    const answer = found.get(reference) ?? { state: "Unverifiable" as const, message: "the registry does not answer" };
    return { policy, reference, ...answer };
  };
  await world.startOperator();
});
afterAll(() => world.dispose());

type Workload = {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly { image: string }[] } } };
};

const imagesOf = async (name: string) =>
  Promise.all(
    [[deployments, `${name}-mcp-server`] as const, [statefulSets, `${name}-bridge`] as const].map(
      async ([type, child]) => (await world.get<Workload>(type, child)).spec.template.spec.containers[0]?.image,
    ),
  );

const verification = { keys: [{ name: "release", publicKey: pair.pem }] };

test("pods run the digest that a tag had when it was first asked for, also after the tag has moved", async () => {
  found.set(server("1.2.3"), { state: "Found", digest: digestOf("a") });
  await createResource(world, "team", { images: { resolution: "Digest" } });
  await untilSettled(world, "team");
  expect(await imagesOf("team")).toEqual(Array(2).fill(`${server("1.2.3")}@${digestOf("a")}`));
  const { status } = await readResource(world, "team");
  expect(status?.image).toMatchObject({ reference: server("1.2.3"), digest: digestOf("a") });
  found.set(server("1.2.3"), { state: "Found", digest: digestOf("b") });
  await world.restartOperator();
  await changeSpec(world, "team", { bridge: { logLevel: "debug" } });
  await untilSettled(world, "team");
  expect(await imagesOf("team")).toEqual(Array(2).fill(`${server("1.2.3")}@${digestOf("a")}`));
});

test("an image that nobody trusted has signed is never rolled out, and what runs stays until it is signed", async () => {
  found.set(server("1.2.3"), { state: "Found", digest: digestOf("c") });
  await createResource(world, "signed", { images: { verification } });
  await untilSettled(world, "signed");
  expect(conditionOf(await readResource(world, "signed"), "ImageAccepted")).toMatchObject({
    reason: "SignatureVerified",
  });
  const before = await imagesOf("signed");
  found.set(server("1.2.9"), { state: "Refused", message: "no key of images.verification has signed it" });
  await changeSpec(world, "signed", { version: "1.2.9", bridge: { logLevel: "debug" } });
  for (const type of ["ImageAccepted", "Ready"]) {
    await untilCondition(world, "signed", type, { status: "False", reason: "ImageRefused" });
  }
  await untilCondition(world, "signed", "Stalled", { status: "True", reason: "ImageRefused" });
  await untilAnnounced(world, "signed", "ImageRefused");
  expect(await imagesOf("signed")).toEqual(before);
  expect((await readResource(world, "signed")).status?.image).toMatchObject({ digest: digestOf("c") });
  await changeSpec(world, "signed", { version: null });
  await untilReady(world, "signed");
  expect(await imagesOf("signed")).toEqual(before);
});

test("nothing starts while the image cannot be verified, and everything as soon as it can", async () => {
  await world.post(secrets, { metadata: { name: "pull" }, stringData: { other: "thing" } });
  await createResource(world, "waits", {
    images: { verification: { keys: [{ name: "release", secretRef: { name: "signers" } }] }, pullSecrets: ["pull"] },
  });
  await untilCondition(world, "waits", "ImageAccepted", { status: "False", reason: "ImageUnverifiable" });
  expect(conditionOf(await readResource(world, "waits"), "ImageAccepted")?.message).toMatch(
    /Secret signers .*cosign\.pub/,
  );
  expect(await exists(world, deployments, "waits-mcp-server")).toBe(false);
  // What cosign generate-key-pair k8s:// writes, with the private key.
  await world.post(secrets, {
    metadata: { name: "signers" },
    stringData: { "cosign.pub": pair.pem, "cosign.key": "sealed" },
  });
  await untilReady(world, "waits");
  const { keys, pullSecrets } = asked.findLast(({ name }) => name === "waits") ?? {};
  expect({ keys, pullSecrets }).toEqual({ keys: [pair.pem], pullSecrets: ["pull"] });
});

test("a version that this operator does not run is refused with what to do, and nothing is replaced", async () => {
  await createResource(world, "versions");
  await untilSettled(world, "versions");
  const before = await imagesOf("versions");
  for (const [version, advice] of [
    ["1.1.9", /release of 1\.2 or 1\.3/],
    ["1.4.0", /upgrade the operator first/],
  ] as const) {
    await changeSpec(world, "versions", { version });
    const told = await untilCondition(world, "versions", "Stalled", { status: "True", reason: "UnsupportedVersion" });
    expect(conditionOf(told, "Stalled")?.message).toMatch(advice);
    expect(await imagesOf("versions")).toEqual(before);
  }
  await changeSpec(world, "versions", { version: "1.3.7" });
  await untilReady(world, "versions");
});

test("an image without a version in its tag is judged by what its pods answer", async () => {
  world.answers.serverVersion = "0.9.0";
  await createResource(world, "nightly", { version: "nightly" });
  const told = await untilCondition(world, "nightly", "Degraded", { status: "True", reason: "UnsupportedVersion" });
  expect(conditionOf(told, "Degraded")?.message).toContain("the MCP server that runs: version 0.9.0");
  world.answers.serverVersion = "1.3.0";
  await eventually(async () => {
    expect(conditionOf(await readResource(world, "nightly"), "Degraded")).toMatchObject({ status: "False" });
  });
});
