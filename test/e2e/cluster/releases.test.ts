import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checksumIn, publishedChecksums } from "../../../e2e/cluster/pin-releases.ts";
import { programNames } from "../../../e2e/cluster/program-table.ts";
import {
  CHECKSUMS,
  type Checksums,
  downloadReleases,
  mirrorOf,
  type Releases,
  releaseEntry,
  releaseFiles,
} from "../../../e2e/cluster/releases.ts";
import { silent } from "../../../machine/progress.mjs";

let folder = "";
let server: Server;
let requests: string[] = [];

/** A mirror below /releases of a server, with what is in a folder. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "releases-"));
  requests = [];
  server = createServer((request, response) => {
    requests.push(request.url ?? "");
    const file = join(folder, "mirror", (request.url ?? "").replace(/^\/releases\//, ""));
    if (!existsSync(file)) return void response.writeHead(404).end();
    const content = readFileSync(file);
    response.writeHead(200, { "content-length": content.length }).end(content);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

const mirror = () => new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/releases`);

/** A program that prints its name, packed as the project releases it; returns its checksum. */
function publish(path: string, member: string): string {
  const file = join(folder, "mirror", path);
  mkdirSync(dirname(file), { recursive: true });
  if (member === "") writeFileSync(file, "#!/bin/sh\necho plain\n");
  else {
    const source = join(folder, "source", member);
    mkdirSync(dirname(source), { recursive: true });
    writeFileSync(source, `#!/bin/sh\necho ${member}\n`);
    chmodSync(source, 0o755);
    execFileSync("tar", ["-czf", file, "-C", join(folder, "source"), ...readdirSync(join(folder, "source"))]);
  }
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

const names = ["kubectl", "helm", "containerd", "ctr"] as const;

/** What those programs come from, all published and pinned. */
async function world(pin: (sum: string, path: string) => string = (sum) => sum): Promise<Releases> {
  const bare = { checksums: {}, arch: "amd64", cacheRoot: join(folder, "cache") } as const;
  const checksums: Record<string, Checksums[string]> = {};
  for (const { path, members } of await releaseFiles(names, bare)) {
    let sha256 = "";
    for (const member of Object.values(members)) sha256 = publish(path, member);
    checksums[path] = { sha256: pin(sha256, path), source: "this test" };
  }
  return { ...bare, checksums, mirror: mirror() };
}

/** Downloads; returns the messages, and which programs are in the cache. */
async function downloaded(releases: Releases) {
  const notes: string[] = [];
  const steps = { ...silent, note: (text: string) => void notes.push(text) };
  const files = await releaseFiles(names, releases);
  await downloadReleases(files, releases, steps);
  const found = files.flatMap((file) => {
    const { kind, key } = releaseEntry(file);
    const entry = join(folder, "cache", kind, key);
    return existsSync(entry) ? readdirSync(entry).map((name) => join(entry, name)) : [];
  });
  return { notes, found: found.map((path) => path.slice(path.lastIndexOf("/") + 1)).sort(), paths: found };
}

describe("pinned releases", () => {
  test("are unpacked, can be run, and are downloaded once", async () => {
    const releases = await world();
    const { notes, found, paths } = await downloaded(releases);
    expect({ notes, found }).toEqual({ notes: [], found: ["containerd", "ctr", "helm", "kubectl"] });
    const said = paths.map((path) => execFileSync(path, { encoding: "utf8" }).trim()).sort();
    expect(said).toEqual(["bin/containerd", "bin/ctr", "linux-amd64/helm", "plain"]);
    expect(requests).toHaveLength(3);
    await downloaded(releases);
    expect(requests).toHaveLength(3);
  });

  test("come from a mirror on disk as well", async () => {
    const releases = await world();
    const { found } = await downloaded({ ...releases, mirror: pathToFileURL(join(folder, "mirror")) });
    expect(found).toHaveLength(4);
    expect(requests).toEqual([]);
  });

  test("two at once end with one result each", async () => {
    const releases = await world();
    const both = await Promise.all([downloaded(releases), downloaded(releases)]);
    expect(both.map(({ notes, found }) => ({ notes, count: found.length }))).toEqual([
      { notes: [], count: 4 },
      { notes: [], count: 4 },
    ]);
  });

  test("that are something else are never kept, and both sums are told", async () => {
    const wrong = "0".repeat(64);
    const { notes, found } = await downloaded(await world((sum, path) => (path.includes("helm") ? wrong : sum)));
    expect(found).toEqual(["containerd", "ctr", "kubectl"]);
    expect(notes).toEqual([
      expect.stringMatching(new RegExp(`SHA-256 is [0-9a-f]{64}, pinned is ${wrong}.*compiled instead`)),
    ]);
    expect(
      readdirSync(join(folder, "cache/releases"), { recursive: true }).filter((name) =>
        /download|unfinished/.test(String(name)),
      ),
    ).toEqual([]);
  });

  test("that the mirror has not are told, and the others used", async () => {
    const releases = await world();
    rmSync(join(folder, "mirror/get.helm.sh"), { recursive: true });
    const { notes, found } = await downloaded(releases);
    expect(found).toEqual(["containerd", "ctr", "kubectl"]);
    expect(notes).toEqual([expect.stringContaining("answered 404")]);
  });

  test("of a mirror that is down are asked for once", async () => {
    const releases = await world();
    server.close();
    const { notes, found } = await downloaded(releases);
    expect(found).toEqual([]);
    expect(notes).toEqual([expect.stringContaining("cannot be reached")]);
  });

  test("what a killed download left does not count, and goes", async () => {
    const releases = await world();
    const [file] = await releaseFiles(["helm"], releases);
    const { kind, key } = releaseEntry(file!);
    const left = join(folder, "cache", kind, `.unfinished-4194304-${key}`);
    mkdirSync(left, { recursive: true });
    writeFileSync(join(left, "helm"), "half");
    const { found } = await downloaded(releases);
    expect(found).toContain("helm");
    expect(existsSync(left)).toBe(false);
  });

  test("without a checksum nothing is asked for", async () => {
    const releases = await world();
    const { found } = await downloaded({ ...releases, checksums: {} });
    expect({ found, requests }).toEqual({ found: [], requests: [] });
  });

  test("are none on a machine for which there are none", async () => {
    expect(await releaseFiles(names, { checksums: {}, arch: undefined })).toEqual([]);
  });
});

describe("CCTELEGRAM_MIRROR", () => {
  test.each([
    [undefined, undefined],
    ["", undefined],
    ["https://mirror.example.com/a", "https://mirror.example.com/a"],
    ["file:///mnt/mirror", "file:///mnt/mirror"],
    ["/mnt/mirror", "file:///mnt/mirror"],
  ])("%j", (text, url) => {
    expect(mirrorOf(text === undefined ? {} : { CCTELEGRAM_MIRROR: text })?.href).toBe(url);
  });

  test.each(["mirror.example.com", "ftp://mirror.example.com"])("%s is refused", (text) => {
    expect(() => mirrorOf({ CCTELEGRAM_MIRROR: text })).toThrow("use an http, https or file URL");
  });
});

describe("the checksums of the repository", () => {
  const pinned = JSON.parse(readFileSync(CHECKSUMS, "utf8")) as Checksums;

  test("are of the versions that are compiled, and say where they were read", async () => {
    const files = await Promise.all(
      (["amd64", "arm64"] as const).map((arch) => releaseFiles(programNames, { checksums: pinned, arch })),
    );
    const paths = files.flat().map(({ path }) => path);
    expect(Object.keys(pinned).filter((path) => !paths.includes(path))).toEqual([]);
    for (const { sha256, source } of Object.values(pinned)) {
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(source).not.toBe("");
    }
  });

  test.each([
    [`${"a".repeat(64)}\n`, "a".repeat(64)],
    [`${"a".repeat(64)}  file.tar.gz\n`, "a".repeat(64)],
    [`${"a".repeat(64)}  other\n${"b".repeat(64)} *./file.tar.gz\n`, "b".repeat(64)],
    [`${"a".repeat(64)}  other\n${"b".repeat(64)}  another\n`, undefined],
    ["<html>", undefined],
  ])("are read as sites publish them: %j", (text, sum) => {
    expect(checksumIn(text, "site/file.tar.gz")).toBe(sum);
  });

  const sum = "c".repeat(64);
  const published = (before: Checksums, replace = false) =>
    publishedChecksums({
      mirror: undefined,
      pinned: before,
      replace,
      read: async (url) =>
        url.pathname.endsWith("SHA256SUMS")
          ? ["amd64", "arm64"].map((arch) => `${sum}  etcd-v3.6.8-linux-${arch}.tar.gz`).join("\n")
          : `${sum}\n`,
    });

  test("are pinned for every official program of both architectures", async () => {
    const all = await published({});
    const programs = await Promise.all(
      (["amd64", "arm64"] as const).map((arch) => releaseFiles(programNames, { checksums: all, arch })),
    );
    expect(programs.flat().every(({ sha256 }) => sha256 === sum)).toBe(true);
    expect(Object.keys(all)).toHaveLength(programs.flat().length);
  });

  test("are not replaced by others unless one says so", async () => {
    const [path = ""] = Object.keys(pinned);
    await expect(published({ [path]: { sha256: "d".repeat(64), source: "before" } })).rejects.toThrow(
      /pinned is d+, published is c+/,
    );
    expect((await published({ [path]: { sha256: "d".repeat(64), source: "before" } }, true))[path]?.sha256).toBe(sum);
    expect((await published({ [path]: { sha256: sum, source: "before" } }))[path]?.source).toBe("before");
  });
});
