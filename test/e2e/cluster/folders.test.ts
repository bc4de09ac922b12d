import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { clusterFolders, stateRoot } from "../../../e2e/cluster/folders.ts";

describe("where clusters keep their state", () => {
  test.each([
    [{ CCTELEGRAM_STATE: "/s" }, 0, "/s"],
    [{}, 0, "/run/cctelegram"],
    [{}, 1000, "/tmp/cctelegram-1000"],
  ])("%j as user %i: %s", (env, uid, expected) => {
    expect(stateRoot(env, uid, "/tmp")).toBe(expected);
  });
});

describe("a cluster's name", () => {
  test.each(["dev", "a", "test-2", "a234567890123456789b"])("%s is fine", (name) => {
    expect(clusterFolders(name, "/run/cctelegram").root).toBe(`/run/cctelegram/${name}`);
  });

  test.each(["", "Dev", "2nd", "a-", "../x", "a_b", "a2345678901234567890b"])('"%s" is refused', (name) => {
    expect(() => clusterFolders(name, "/run/cctelegram")).toThrow(/no cluster name: use 1 to 20/);
  });
});

test("a state folder too long for a socket is refused before anything is made", () => {
  expect(() => clusterFolders("dev", `/${"x".repeat(90)}`)).toThrow(/too long for sockets: set CCTELEGRAM_STATE/);
});

describe("what a cluster has outside of its folder", () => {
  const idIn = (parent: string, name = "dev") => clusterFolders(name, parent).id;

  test("is named for cluster and folder", () => {
    expect(idIn("/run/cctelegram")).toMatch(/^dev-[0-9a-f]{8}$/);
    const ids = [idIn("/run/one"), idIn("/run/two"), idIn("/run/one", "dev-2"), idIn("/run/two", "dev-2")];
    expect(new Set(ids).size).toBe(4);
  });

  test("has the same name whichever way the folder is named, before and after it is made", () => {
    const place = mkdtempSync(join(tmpdir(), "folders-"));
    onTestFinished(() => rmSync(place, { recursive: true }));
    mkdirSync(join(place, "real"));
    symlinkSync("real", join(place, "link"));
    const before = idIn(join(place, "link", "state"));
    mkdirSync(join(place, "real", "state"));
    for (const path of ["real/state", "link/state", "real/../link/state/"]) {
      expect(clusterFolders("dev", `${place}/${path}`).id).toBe(before);
    }
  });
});
