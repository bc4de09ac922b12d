import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { compile, compiledKey, requiredVersion } from "../../../e2e/cluster/go-module.ts";
import { programTable } from "../../../e2e/cluster/program-table.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "go-module-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** A module with two programs, instead of one of ours. */
function writeModule(): void {
  const root = join(folder, "sources/kind");
  for (const name of ["hello", "bye"]) {
    mkdirSync(join(root, name), { recursive: true });
    writeFileSync(join(root, name, "main.go"), `package main\n\nfunc main() { println("${name}") }\n`);
  }
  writeFileSync(join(root, "go.mod"), "module example.com/programs\n\ngo 1.26.0\n");
  writeFileSync(join(root, "go.sum"), "");
}

const programs = [
  ["kind", { module: "kind", package: "example.com/programs/hello" }],
  ["helm", { module: "kind", package: "example.com/programs/bye" }],
] as const;

async function compiled(): Promise<number[]> {
  const shares: number[] = [];
  const control = {
    update: () => undefined,
    cached: () => undefined,
    reached: (share: number) => void shares.push(share),
  };
  const target = join(folder, "target");
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target);
  await compile({ module: "kind", programs, target, sources: join(folder, "sources") }, control);
  return shares;
}

test("programs of a module are compiled in one go, and what is told of it grows from nothing to all", async () => {
  writeModule();
  // Nothing is compiled yet, not even the standard library.
  vi.stubEnv("GOCACHE", join(folder, "cache"));
  const shares = await compiled();
  expect(readdirSync(join(folder, "target")).sort()).toEqual(["helm", "kind"]);
  const said = execFileSync(join(folder, "target/helm"), { stdio: "pipe", encoding: "utf8" });
  expect(said).toBe("");
  expect(shares.length).toBeGreaterThan(10);
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  expect(shares.at(-1)).toBe(1);

  // The second time only the programs are linked, if at all: there is no package to count.
  const again = await compiled();
  expect(again.every((share) => share <= 1)).toBe(true);
});

test("the key of a program changes with its module and not with others", async () => {
  const keys = await Promise.all(
    (["helm", "etcd", "kubelet", "kubectl"] as const).map((name) => compiledKey(programTable[name])),
  );
  expect(new Set(keys).size).toBe(4);
  expect(await compiledKey(programTable.helm)).toBe(keys[0]);
});

test("the version that a release has is the one that is compiled", async () => {
  expect(await requiredVersion("kubernetes", "k8s.io/kubernetes")).toMatch(/^v1\.\d+\.\d+$/);
  expect(await requiredVersion("kubernetes", "github.com/coredns/coredns")).toMatch(/^v1\.\d+\.\d+$/);
  await expect(requiredVersion("etcd", "github.com/coredns/coredns")).rejects.toThrow("does not require");
});
