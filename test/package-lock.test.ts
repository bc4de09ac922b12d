import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";

type Entry = {
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly optional?: boolean;
  readonly cpu?: readonly string[];
};

/** The packages of a lock file, by path. */
function entriesOf(lock: string): [string, Entry][] {
  const { packages } = JSON.parse(readFileSync(lock, "utf8")) as { packages: Record<string, Entry> };
  return Object.entries(packages).filter(([path, { link }]) => path !== "" && !link);
}

const clients = "test/clients/npm/package-lock.json";

describe.each(["package-lock.json", clients])("%s", (lock) => {
  const entries = entriesOf(lock);

  test("npm verifies every package, also those of other platforms: each entry of the lock file has a SHA-512", () => {
    expect(entries.length).toBeGreaterThan(100);
    const unverified = entries.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ""));
    expect(unverified.map(([path]) => path)).toEqual([]);
  });

  test("the lock file names no registry, so that npm asks the one that is configured", () => {
    expect(entries.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([]);
    expect(readFileSync(join(dirname(lock), ".npmrc"), "utf8")).toMatch(/^omit-lockfile-registry-resolved=true$/m);
  });
});

test("the clients of the tests bring native addons only as optional packages, which are left out", () => {
  const needed = entriesOf(clients).filter(([, { optional }]) => !optional);
  expect(needed.length).toBeGreaterThan(100);
  expect(needed.filter(([, { cpu }]) => cpu !== undefined).map(([path]) => path)).toEqual([]);
});

describe("the requirements of the clients in Python", () => {
  const text = readFileSync("test/clients/python/requirements.txt", "utf8");
  const requirements = text
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter((line) => line !== "");

  test("are exact versions with checksums, and name no index", () => {
    expect(requirements.length).toBeGreaterThan(40);
    const exact = /^[a-z0-9][a-z0-9.-]*==[\w.]+( ; [^#]*?)?( +--hash=sha256:[0-9a-f]{64})+$/;
    expect(requirements.filter((line) => !exact.test(line))).toEqual([]);
    expect(text).not.toMatch(/https?:|index-url/);
  });

  test("hold what was asked for", () => {
    const asked = readFileSync("test/clients/python/requirements.in", "utf8").trim().split("\n");
    const held = requirements.map((line) => line.split(" ")[0]);
    expect(asked.filter((line) => !held.includes(line))).toEqual([]);
  });
});
