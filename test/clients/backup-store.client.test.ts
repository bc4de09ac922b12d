import { mkdir, readdir, readFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { connect } from "node:tls";
import { GetObjectCommand, ListMultipartUploadsCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import type { BackupResult } from "../../contract/backup.ts";
import { freePort } from "../../e2e/cluster/free-ports.ts";
import { S3Store } from "../../server/backup/stores/s3-store.ts";
import { runHere } from "../server/backup/support.ts";
import {
  bridgeFor,
  configFor,
  eventOf,
  post,
  type Scratch,
  scratch,
  type TestBridge,
} from "../server/bridge/support.ts";
import { startForwardProxy } from "../server/support/forward-proxy.ts";
import { startTelegram, type TelegramServer } from "../telegram/telegram.ts";
import { readOnly, type S3Server, startSeaweedFs } from "./seaweedfs-server.ts";

const environment = inject("seaweedfs");
const python = "python" in environment ? environment.python : "";
const obstacle = "obstacle" in environment ? ` (not run: there is ${environment.obstacle})` : "";
const bucket = "backups";

describe.skipIf(obstacle !== "")(`backups in a store that speaks S3: SeaweedFS${obstacle}`, () => {
  let stage: Scratch;
  let telegram: TelegramServer;
  let bridge: TestBridge;
  let s3: S3Server;
  let restored = 0;

  beforeAll(async () => {
    stage = await scratch();
    await mkdir(join(stage.path, "seaweedfs"));
    s3 = await startSeaweedFs(python, join(stage.path, "seaweedfs"), bucket);
    telegram = await startTelegram({ limits: false });
    bridge = await bridgeFor(configFor(join(stage.path, "data"), telegram.url));
    expect((await post(bridge.url, eventOf("kept"))).status).toBe(202);
  });

  afterAll(async () => {
    await bridge?.close();
    await telegram?.close();
    await s3?.close();
    await stage[Symbol.asyncDispose]();
  });

  afterEach(async () => expect(await readdir(join(stage.path, "data"))).not.toContain(".restored.json"));

  const backup = (env: Record<string, string>) =>
    runHere(stage.path, "backup", { BRIDGE_URL: bridge.url, ...s3.env, BACKUP_TARGET: `s3://${bucket}/prod`, ...env });

  const restore = (RESTORE_SOURCE: string, env: Record<string, string> = {}) => {
    restored += 1;
    const DATA_DIR = join(stage.path, `restored-${restored}`);
    return runHere(stage.path, "restore", { RESTORE_SOURCE, DATA_DIR, ...s3.env, ...env });
  };

  const keys = async () =>
    ((await s3.client.send(new ListObjectsV2Command({ Bucket: bucket }))).Contents ?? []).map(({ Key }) => Key).sort();

  test("an archive is stored, verified and restored, and older ones go", async () => {
    const { words, code } = await backup({ BACKUP_OF: "notes/team", BACKUP_NAME: "one" });
    expect({ code, words }).toMatchObject({
      code: 0,
      words: { verified: true, location: "s3://backups/prod/notes/team/one.cctb" },
    });
    expect(await keys()).toEqual(["prod/notes/team/one.cctb", "prod/notes/team/one.cctb.sha256"]);
    const sums = await s3.client.send(new GetObjectCommand({ Bucket: bucket, Key: "prod/notes/team/one.cctb.sha256" }));
    expect(await sums.Body?.transformToString()).toBe(`${(words as BackupResult).sha256}  one.cctb\n`);

    expect(await restore((words as BackupResult).location)).toMatchObject({ code: 0 });
    const db = new DatabaseSync(join(stage.path, `restored-${restored}`, "queue.sqlite"));
    expect(db.prepare("SELECT event_id FROM events").all()).toEqual([{ event_id: "kept" }]);
    db.close();

    const others = { BACKUP_OF: "notes/team-two", BACKUP_NAME: "theirs" };
    expect(await backup(others)).toMatchObject({ code: 0 });
    const next = { BACKUP_OF: "notes/team", BACKUP_NAME: "two", BACKUP_RETENTION_COUNT: "1" };
    expect(await backup(next)).toMatchObject({ code: 0 });
    expect((await keys()).filter((key) => key?.endsWith(".cctb"))).toEqual([
      "prod/notes/team-two/theirs.cctb",
      "prod/notes/team/two.cctb",
    ]);
  });

  test("one that was there before is not replaced, and one of an earlier try is", async () => {
    const after = { BACKUP_NAME: "once", BACKUP_KEEP_OLDER_THAN: "2026-01-01T00:00:00Z" };
    const { words } = await backup(after);
    expect(words).toMatchObject({ verified: true });
    expect(await backup(after)).toMatchObject({ code: 0 });
    const later = { ...after, BACKUP_KEEP_OLDER_THAN: new Date(Date.now() + 60_000).toISOString() };
    expect(await backup(later)).toMatchObject({ code: 1, words: { code: "BACKUP_EXISTS" } });
    expect(await restore((words as BackupResult).location)).toMatchObject({ code: 0 });
  });

  test("one that is encrypted comes back by its identity", async () => {
    const identity = await generateX25519Identity();
    const { words } = await backup({ BACKUP_NAME: "sealed", BACKUP_RECIPIENTS: await identityToRecipient(identity) });
    expect(words).toMatchObject({ verified: true });
    const { location } = words as BackupResult;
    expect(await restore(location)).toMatchObject({ words: { code: "BACKUP_ENCRYPTED" } });
    expect(await restore(location, { RESTORE_IDENTITY: identity })).toMatchObject({ code: 0 });
  });

  test("an archive of several parts is whole, and one whose source fails in the middle is not there at all", async () => {
    const { S3_ACCESS_KEY_ID: accessKeyId = "", S3_SECRET_ACCESS_KEY: secretAccessKey = "" } = s3.env;
    const ca = await readFile(s3.certPath, "utf8");
    const store = new S3Store(bucket, "large", {
      endpoint: s3.endpoint,
      region: "us-east-1",
      accessKeyId,
      secretAccessKey,
      ca,
    });
    const part = Buffer.alloc(1024 * 1024, "x");
    const content = async function* (failsAfter: number) {
      for (let n = 0; n < 20; n += 1) {
        if (n === failsAfter) throw new Error("the source failed");
        yield part;
      }
    };
    await store.put("whole", content(Number.POSITIVE_INFINITY));
    let bytes = 0;
    for await (const chunk of await store.get("whole")) bytes += chunk.length;
    expect(bytes).toBe(20 * part.length);
    await expect(store.put("half", content(15))).rejects.toThrow("the source failed");
    expect((await store.list(".")).concat(await store.list("half"))).toEqual([]);
    expect((await keys()).filter((key) => key?.startsWith("large/"))).toEqual(["large/whole"]);
    const uploads = await s3.client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    expect(uploads.Uploads ?? []).toEqual([]);
  });

  test.each<[string, Record<string, string>, string]>([
    ["a wrong secret", { S3_SECRET_ACCESS_KEY: "wrong-secret-of-nobody" }, "BACKUP_CREDENTIALS_REFUSED"],
    ["an unknown key", { S3_ACCESS_KEY_ID: "nobody" }, "BACKUP_CREDENTIALS_REFUSED"],
    ["a key that may not write", readOnly, "BACKUP_CREDENTIALS_REFUSED"],
    ["a bucket that is not there", { BACKUP_TARGET: "s3://nothing/prod" }, "BACKUP_BUCKET_NOT_FOUND"],
  ])("%s fails with what to do, and shows no secret", async (_what, env, expected) => {
    const before = await keys();
    const { code, words, log } = await backup({ BACKUP_NAME: "refused", ...env });
    expect({ code, words }).toMatchObject({ code: 1, words: { code: expected } });
    expect(log + JSON.stringify(words)).not.toContain(env.S3_SECRET_ACCESS_KEY ?? s3.env.S3_SECRET_ACCESS_KEY ?? "");
    expect(await keys()).toEqual(before);
  });

  /** Ends the TLS of the store, for those who speak http. */
  async function plainInFront(): Promise<{ port: number; [Symbol.asyncDispose](): Promise<void> }> {
    const ca = await readFile(s3.certPath, "utf8");
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      const upstream = connect({ host: "127.0.0.1", port: Number(new URL(s3.endpoint).port), ca });
      socket.on("error", () => upstream.destroy()).pipe(upstream);
      upstream.on("error", () => socket.destroy()).pipe(socket);
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    const close = () => {
      for (const socket of sockets) socket.destroy();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    };
    return { port, [Symbol.asyncDispose]: close };
  }

  describe("in a network that is left by a proxy only", () => {
    const password = "pa55w0rd-of-the-proxy";
    // Nothing is there: only the proxy knows the way.
    const [https, http] = ["https://localhost:9", "http://localhost:9"];

    test.each([
      { url: https, variable: "HTTPS_PROXY", asked: /^CONNECT localhost:9$/ },
      { url: https, variable: "http_proxy", asked: /^CONNECT localhost:9$/ },
      { url: http, variable: "HTTP_PROXY", asked: /^(GET|PUT|POST) http:\/\/localhost:9\/backups/ },
    ])("a store at $url is written and read through $variable", async ({ url, variable, asked }) => {
      await using plain = await plainInFront();
      const port = url === http ? plain.port : Number(new URL(s3.endpoint).port);
      const proxy = await startForwardProxy(`user:${password}`, () => port);
      try {
        const way = { S3_ENDPOINT: url, [variable]: proxy.url };
        const { code, words, log } = await backup({
          BACKUP_NAME: `by-${variable.toLowerCase().replace("_", "-")}`,
          ...way,
        });
        expect({ code, words }).toMatchObject({ code: 0, words: { verified: true } });
        expect(await restore((words as BackupResult).location, way)).toMatchObject({ code: 0 });
        expect(proxy.requests).not.toEqual([]);
        expect(proxy.requests.filter((request) => !asked.test(request))).toEqual([]);
        expect(proxy.refused()).toBe(0);
        expect(log).not.toContain(password);
      } finally {
        await proxy.close();
      }
    });

    test.each([https, http])("a proxy that refuses the way to %s is told, and its password is not", async (url) => {
      const proxy = await startForwardProxy("user:another", () => 9);
      try {
        const wrong = proxy.url.replace("another", password);
        const refused = await backup({ S3_ENDPOINT: url, HTTPS_PROXY: wrong, HTTP_PROXY: wrong });
        expect(refused).toMatchObject({ code: 1, words: { code: "BACKUP_STORE_UNREACHABLE" } });
        expect(JSON.stringify(refused.words)).toContain("407");
        expect(refused.log + JSON.stringify(refused.words)).not.toContain(password);
        expect(proxy.requests).toEqual([]);
      } finally {
        await proxy.close();
      }
    });

    test("what NO_PROXY names is asked directly", async () => {
      const nobody = { HTTPS_PROXY: `http://127.0.0.1:${await freePort()}`, BACKUP_NAME: "direct" };
      expect(await backup(nobody)).toMatchObject({ words: { code: "BACKUP_STORE_UNREACHABLE" } });
      expect(await backup({ ...nobody, NO_PROXY: "example.com,127.0.0.1" })).toMatchObject({ code: 0 });
    });
  });

  test("a store that is not there, or whose certificate nobody vouches for, is told from one that refuses", async () => {
    const gone = { S3_ENDPOINT: `http://127.0.0.1:${await freePort()}` };
    expect(await backup(gone)).toMatchObject({ code: 1, words: { code: "BACKUP_STORE_UNREACHABLE" } });
    expect(await backup({ S3_CA_FILE: "" })).toMatchObject({ code: 1, words: { code: "BACKUP_STORE_UNREACHABLE" } });
    expect(await restore("s3://backups/prod/none.cctb")).toMatchObject({
      code: 1,
      words: { code: "BACKUP_NOT_FOUND" },
    });
  });
});
