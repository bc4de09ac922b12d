import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { publicKey } from "../../../../operator/deployment/image/cosign.ts";
import { guardedGet } from "../../../../operator/deployment/image/guarded-get.ts";
import { type ImageQuestion, imageReview } from "../../../../operator/deployment/image/review.ts";
import { findCosign } from "./support/cosign-program.ts";
import { DockerRegistry, hasRegistry, notRun, user } from "./support/docker-registry.ts";
import { cosignPair, signatureOf, statementOf } from "./support/signing.ts";

const cosign = await findCosign();

describe.skipIf(!hasRegistry)(`a real registry${notRun}`, () => {
  let open: DockerRegistry;
  let closed: DockerRegistry;
  beforeAll(async () => {
    [open, closed] = await Promise.all([
      DockerRegistry.start({ access: "Open" }),
      DockerRegistry.start({ access: "Password" }),
    ]);
  });
  afterAll(() => Promise.all([open, closed].map((registry) => registry?.stop())));

  const ours = cosignPair();
  const theirs = cosignPair();

  function review(question: Partial<ImageQuestion>, secret: object = {}) {
    const plainHosts = [open.host, closed.host];
    const get = guardedGet({ lookup: async () => [], mayDial: () => false, plainHosts });
    const data = { ".dockerconfigjson": Buffer.from(JSON.stringify(secret)).toString("base64") };
    return imageReview({ get, plainHosts, readKey: publicKey })(
      {
        namespace: "tools",
        name: "team",
        uid: "1",
        reference: "",
        keys: undefined,
        pullSecrets: [],
        policy: "p",
        ...question,
      },
      async (_, name) => (name === "pull" ? data : undefined),
    );
  }

  test("names the digest of a tag, and a digest stays what it is when the tag moves", async () => {
    const first = await open.push("team/moving", "1.0.0", "first");
    const reference = `${open.host}/team/moving:1.0.0`;
    expect(await review({ reference })).toMatchObject({ state: "Found", digest: first });
    const second = await open.push("team/moving", "1.0.0", "second");
    expect(second).not.toBe(first);
    expect(await review({ reference })).toMatchObject({ digest: second });
    expect(await review({ reference: `${reference}@${first}` })).toMatchObject({ digest: first });
  });

  test("an image that one of the keys has signed is found, by tag and by digest", async () => {
    const digest = await open.push("team/signed", "1.0.0", "signed");
    await open.sign("team/signed", digest, ours);
    for (const reference of [`${open.host}/team/signed:1.0.0`, `${open.host}/team/signed@${digest}`]) {
      expect(await review({ reference, keys: [theirs.pem, ours.pem] })).toMatchObject({ state: "Found", digest });
    }
  });

  test("an image without a signature, with one of somebody else, and with one of another image is refused", async () => {
    const bare = await open.push("team/refused", "bare", "bare");
    const foreign = await open.push("team/refused", "foreign", "foreign");
    const borrowed = await open.push("team/refused", "borrowed", "borrowed");
    await open.sign("team/refused", foreign, theirs);
    // A signature of ours, but about other bytes.
    await open.sign("team/refused", borrowed, ours, statementOf(bare));
    for (const tag of ["bare", "foreign", "borrowed"]) {
      const finding = await review({ reference: `${open.host}/team/refused:${tag}`, keys: [ours.pem] });
      expect(finding).toMatchObject({ state: "Refused", message: expect.stringMatching(/sign/) });
    }
  });

  test("of several signatures, ours may be any", async () => {
    const digest = await open.push("team/many", "1.0.0", "many");
    const payload = statementOf(digest);
    const signed = [theirs, ours].map((pair) => ({ payload, signature: signatureOf(payload, pair) }));
    await open.pushSignatures("team/many", digest, [{ payload, signature: "bm8gc2lnbmF0dXJl" }, ...signed]);
    expect(await review({ reference: `${open.host}/team/many:1.0.0`, keys: [ours.pem] })).toMatchObject({
      state: "Found",
    });
  });

  test.skipIf(cosign === undefined)(
    `what the real cosign signs is found, and what it signs with another key is refused${cosign ? "" : " (not run: npm run build:cosign)"}`,
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "cctelegram-cosign-"));
      const digest = await open.push("team/real", "1.0.0", "really signed");
      const call = (...args: string[]) =>
        promisify(execFile)(cosign ?? "", args, {
          cwd: folder,
          env: { ...process.env, HOME: folder, COSIGN_PASSWORD: "" },
        });
      try {
        await call("generate-key-pair");
        const image = `${open.host}/team/real@${digest}`;
        await call("sign", "--key", "cosign.key", "--tlog-upload=false", "--allow-http-registry", "--yes", image);
        const pem = await readFile(join(folder, "cosign.pub"), "utf8");
        const reference = `${open.host}/team/real:1.0.0`;
        expect(await review({ reference, keys: [pem] })).toMatchObject({ state: "Found", digest });
        expect(await review({ reference, keys: [ours.pem] })).toMatchObject({ state: "Refused" });
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  );

  test("an image that is not there is refused with what to do", async () => {
    expect(await review({ reference: `${open.host}/team/nothing:1.0.0` })).toMatchObject({
      state: "Refused",
      message: expect.stringContaining("push it"),
    });
  });

  test("a private image is read with the pull secret for its registry, and not with one for another", async () => {
    const digest = await closed.push("team/private", "1.0.0", "private");
    const reference = `${closed.host}/team/private:1.0.0`;
    const auth = Buffer.from(`${user.username}:${user.password}`).toString("base64");
    const pullSecrets = ["missing", "pull"];
    const right = { auths: { [closed.host]: { auth } } };
    expect(await review({ reference, pullSecrets }, right)).toMatchObject({ state: "Found", digest });
    for (const auths of [{}, { "registry.example.com": { auth } }, { [closed.host]: { auth: "d3Jvbmc6d3Jvbmc=" } }]) {
      const finding = await review({ reference, pullSecrets }, { auths });
      expect(finding).toMatchObject({ state: "Unverifiable", message: expect.stringContaining("images.pullSecrets") });
      expect(JSON.stringify(finding)).not.toContain(auth);
    }
  });

  test("a registry that does not answer is no refusal of the image", async () => {
    const gone = await DockerRegistry.start({ access: "Open" });
    await gone.stop();
    const finding = await imageReview({
      get: guardedGet({ lookup: async () => [], mayDial: () => false, plainHosts: [gone.host] }),
      plainHosts: [gone.host],
      readKey: publicKey,
    })(
      {
        namespace: "tools",
        name: "team",
        uid: "1",
        reference: `${gone.host}/a/b:1`,
        keys: [ours.pem],
        pullSecrets: [],
        policy: "p",
      },
      async () => undefined,
    );
    expect(finding).toMatchObject({ state: "Unverifiable", message: expect.stringContaining("asks again") });
  });

  test("a registry on loopback that no administrator lists is not called", async () => {
    const digest = await open.push("team/unlisted", "1.0.0", "unlisted");
    const get = guardedGet({ lookup: async () => ["127.0.0.1"], mayDial: () => false, plainHosts: [] });
    const finding = await imageReview({ get, plainHosts: [], readKey: publicKey })(
      {
        namespace: "tools",
        name: "team",
        uid: "1",
        reference: `${open.host}/team/unlisted@${digest}`,
        keys: [ours.pem],
        pullSecrets: [],
        policy: "p",
      },
      async () => undefined,
    );
    expect(finding).toMatchObject({ state: "Unverifiable", message: expect.stringContaining("plainRegistries") });
  });
});
