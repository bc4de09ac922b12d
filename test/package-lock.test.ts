import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

type Entry = { readonly integrity?: string; readonly resolved?: string; readonly link?: boolean };

const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as { packages: Record<string, Entry> };
const entries = Object.entries(packages).filter(([path, { link }]) => path !== "" && !link);

test("npm verifies every package, also those of other platforms: each entry of the lock file has a SHA-512", () => {
  expect(entries.length).toBeGreaterThan(100);
  const unverified = entries.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ""));
  expect(unverified.map(([path]) => path)).toEqual([]);
});

test("the lock file names no registry, so that npm asks the one that is configured", () => {
  expect(entries.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([]);
  expect(readFileSync(".npmrc", "utf8")).toMatch(/^omit-lockfile-registry-resolved=true$/m);
});
