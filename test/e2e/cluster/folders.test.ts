import { describe, expect, test } from "vitest";
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
