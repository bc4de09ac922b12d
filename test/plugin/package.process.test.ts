import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load } from "js-yaml";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { bundle } from "../../images/bundle.ts";
import { type PluginArchive, packPlugin, writeKrewManifest } from "../../images/plugin-package.ts";
import { run } from "../../machine/command.mjs";
import { completionScript } from "../../plugin/completion/scripts.ts";
import { version } from "../../plugin/version.ts";

let archive: PluginArchive;
let folder: string;

beforeAll(async () => {
  await bundle(["plugin"]);
  archive = await packPlugin();
  folder = mkdtempSync(join(tmpdir(), "plugin-"));
  await run("npm", ["install", "--global", "--offline", "--prefix", folder, archive.path]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const env = () => ({ PATH: `${join(folder, "bin")}:${process.env.PATH}`, KUBECONFIG: join(folder, "absent") });
const shell = (script: string) => execFileSync("bash", ["--norc", "-c", script], { env: env(), encoding: "utf8" });

test("the package holds the program, that for kubectl's completion, licences and a README, and nothing else", async () => {
  const listed = (await run("tar", ["-tzf", archive.path])).trim().split("\n").toSorted();
  const files = [
    "LICENSE",
    "LICENSES.txt",
    "README.md",
    "kubectl-cctelegram.js",
    "kubectl_complete-cctelegram.js",
    "package.json",
  ];
  expect(listed).toEqual(files.map((name) => `package/${name}`));
  const { name, engines, dependencies } = JSON.parse(await run("tar", ["-xzOf", archive.path, "package/package.json"]));
  expect({ name, engines, dependencies }).toEqual({
    name: "kubectl-cctelegram",
    engines: { node: ">=22.12" },
    dependencies: undefined,
  });
});

test("the installed program runs without any other package, and has the project's version", () => {
  expect(shell("kubectl-cctelegram --version")).toBe(`${version}\n`);
  expect(version).toBe(JSON.parse(readFileSync("package.json", "utf8")).version);
});

test("it ends well when nobody reads on", () => {
  expect(shell("set -o pipefail; kubectl-cctelegram help | head -1; echo $?")).toBe(
    "Usage: kubectl cctelegram [options] [command]\n0\n",
  );
});

describe("completion", () => {
  const completed = (...words: string[]) =>
    shell(`source <(kubectl-cctelegram completion bash)
COMP_WORDS=(kubectl-cctelegram ${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length}
_kubectl_cctelegram; printf '%s\\n' "\${COMPREPLY[@]}"`)
      .trim()
      .split("\n");

  test("bash completes commands, options and their values", () => {
    expect(completed("que")).toEqual(["queue"]);
    expect(completed("keys", "")).toEqual(["list", "create", "rotate", "revoke", "config"]);
    expect(completed("logs", "team", "--le")).toEqual(["--level"]);
    expect(completed("logs", "team", "--level", "")).toEqual(["trace", "debug", "info", "warn", "error", "fatal"]);
    expect(completed("completion", "")).toEqual(["bash", "zsh", "fish"]);
  });

  test("a cluster that cannot be asked disturbs nobody who types", () => {
    expect(completed("status", "te")).toEqual([""]);
  });

  test("kubectl's own asks for the same, and for no names of files", () => {
    expect(shell("kubectl_complete-cctelegram pause ''")).toBe(
      "delivery\tStop sending to Telegram; messages are accepted and kept\n" +
        "reconciliation\tHave the operator leave all objects of a resource as they are (spec.reconciliation: Paused)\n:4\n",
    );
  });

  test("those of zsh and fish ask the program, too", () => {
    for (const name of ["zsh", "fish"] as const)
      expect(completionScript(name)).toContain("kubectl-cctelegram __complete -- ");
  });
});

describe("the manifest for krew", () => {
  /** As https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest/ describes it. */
  const requirement = z.strictObject({
    key: z.enum(["os", "arch"]),
    operator: z.enum(["In", "NotIn"]),
    values: z.array(z.string()).min(1),
  });
  const platform = z.strictObject({
    selector: z.strictObject({ matchExpressions: z.array(requirement).min(1) }),
    uri: z.url({ protocol: /^https$/ }),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    files: z.array(z.strictObject({ from: z.string().min(1), to: z.string().min(1) })).min(1),
    bin: z.string().min(1),
  });
  const manifest = z.strictObject({
    apiVersion: z.literal("krew.googlecontainertools.github.com/v1alpha2"),
    kind: z.literal("Plugin"),
    metadata: z.strictObject({ name: z.string().regex(/^[\w-]+$/) }),
    spec: z.strictObject({
      version: z.string().regex(/^v\d+\.\d+\.\d+(-[\w.]+)?$/),
      homepage: z.url(),
      shortDescription: z
        .string()
        .min(1)
        .max(80)
        .regex(/^[^\n]+[^.\n]$/),
      description: z.string().min(1),
      caveats: z.string(),
      platforms: z.array(platform).min(1),
    }),
  });

  test("follows krew's schema, and has the checksum and the program of the archive", async () => {
    const url = `https://downloads.example.com/kubectl-cctelegram-${version}.tar.gz`;
    const written = manifest.parse(load(readFileSync(await writeKrewManifest(archive, url), "utf8")));
    expect(written.metadata.name).toBe("cctelegram");
    expect(written.spec.version).toBe(`v${version}`);
    const [only] = written.spec.platforms;
    expect(only).toMatchObject({
      uri: url,
      sha256: createHash("sha256").update(readFileSync(archive.path)).digest("hex"),
    });
    expect(await run("tar", ["-tzf", archive.path, `package/${only?.bin}`])).toBe(`package/${only?.bin}\n`);
    expect(only?.files).toEqual([{ from: "package/*", to: "." }]);
  });

  test("an address that is none is refused", async () => {
    await expect(writeKrewManifest(archive, "downloads")).rejects.toThrow(/Invalid URL/);
  });
});
