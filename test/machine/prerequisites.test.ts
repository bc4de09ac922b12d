import { describe, expect, test } from "vitest";
import {
  explain,
  type Machine,
  missingPackages,
  missingTestPackages,
  notInstalled,
  obstacles,
  reachable,
} from "../../machine/prerequisites.mjs";

const able: Machine = { linux: true, root: true, debian: true, ubuntu: false, go: true, missing: [] };

describe("what a machine can run", () => {
  test.each<[string, Partial<Machine>, string]>([
    ["root on Debian with Go: everything", {}, "nodes"],
    ["packages missing on Debian as root: they get installed", { missing: ["runc", "openssl"] }, "nodes"],
    ["not root: the control plane", { root: false }, "control-plane"],
    ["not Linux: the control plane", { linux: false, debian: false, root: false }, "control-plane"],
    ["no Go: no cluster at all", { go: false }, "none"],
    ["not root and without openssl: no cluster at all", { root: false, missing: ["openssl"] }, "none"],
  ])("%s", (_, lacking, level) => {
    expect(reachable("nodes", { ...able, ...lacking })).toBe(level);
  });

  test("a target that needs no cluster asks for nothing", () => {
    expect(obstacles("none", { ...able, go: false, root: false })).toEqual([]);
    expect(missingPackages("none", { missing: ["runc"] })).toEqual([]);
  });

  test("a control plane does not need the packages of nodes", () => {
    expect(missingPackages("control-plane", { missing: ["runc", "openssl"] })).toEqual(["openssl"]);
  });
});

describe("packages for tests", () => {
  const missing = ["nginx", "chromium", "runc"];

  test("are installed by root on Debian, and no others with them", () => {
    expect(missingTestPackages({ ...able, missing })).toEqual(["nginx", "chromium"]);
    expect(missingTestPackages({ ...able, missing, root: false })).toEqual([]);
  });

  test("are without a browser on Ubuntu, which has it as a snap only", () => {
    expect(missingTestPackages({ ...able, missing, ubuntu: true })).toEqual(["nginx"]);
  });
});

describe("the message for a machine that cannot", () => {
  test("names everything that is missing and what still works", () => {
    const message = explain("nodes", { ...able, root: false, missing: ["runc"] });
    expect(message).toContain("need root");
    expect(message).toContain("not installed: runc");
    expect(message).toContain("npm run cluster -- up --nodes 0");
  });

  test("promises no control plane without Go", () => {
    const message = explain("nodes", { ...able, go: false });
    expect(message).toContain("Go is missing");
    expect(message).not.toContain("--nodes 0");
    expect(message).toContain("npm run standalone");
  });
});

test("a package that was removed but left its configuration is not installed", () => {
  const status = [
    "Package: runc\nStatus: install ok installed\nVersion: 1",
    "Package: buildah\nStatus: deinstall ok config-files\nVersion: 1",
  ].join("\n\n");
  expect(notInstalled(["runc", "buildah", "conntrack"], status)).toEqual(["buildah", "conntrack"]);
});
