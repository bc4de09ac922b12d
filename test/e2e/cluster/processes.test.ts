import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isAlive } from "../../../e2e/cluster/process-identity.ts";
import { inNamespace, Processes } from "../../../e2e/cluster/processes.ts";
import { waitFor } from "../../../e2e/cluster/wait.ts";

describe("a cluster's processes", () => {
  let folder = "";
  const open = () => new Processes(join(folder, "processes"), join(folder, "logs"));
  const shell = (name: string, script: string) => ({ name, command: "sh", args: ["-c", script] });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "processes-"));
  });

  afterEach(async () => {
    for (const { name } of open().list()) await open().kill(name);
    rmSync(folder, { recursive: true });
  });

  test("are known to whoever opens the folder later", async () => {
    open().start(shell("one", "exec sleep 60"));
    expect(open().isAlive("one")).toBe(true);
    await open().stop("one");
    expect(open().isAlive("one")).toBe(false);
  });

  test("are killed when they do not stop in time", async () => {
    open().start(shell("deaf", "trap '' TERM; echo ready; while :; do sleep 0.05; done"));
    await waitFor(() => readFileSync(open().log("deaf"), "utf8").includes("ready"), {
      what: "trap",
      timeoutMs: 30_000,
    });
    await open().stop("deaf", 100);
    expect(open().isAlive("deaf")).toBe(false);
  });

  test.runIf(process.platform === "linux")(
    "are found and killed without a record, and no others with them",
    async () => {
      open().start(shell("lost", "exec sleep 60"));
      open().start(shell("kept", "exec sleep 60"));
      const lost = open()
        .list()
        .find(({ name }) => name === "lost");
      open().forget("lost");
      await open().killUnrecorded();
      expect(lost && isAlive(lost)).toBe(false);
      expect(open().isAlive("kept")).toBe(true);
    },
  );

  test("start again with the arguments they had", async () => {
    open().start(shell("one", "echo started; exec sleep 60"));
    const [before] = open().list();
    const log = () => readFileSync(open().log("one"), "utf8");
    await waitFor(() => log() === "started\n", { what: "a start", timeoutMs: 30_000 });
    await open().restart("one");
    const [after] = open().list();
    expect(after?.pid).not.toBe(before?.pid);
    expect(after?.args).toEqual(before?.args);
    await waitFor(() => log() === "started\nstarted\n", { what: "two starts", timeoutMs: 30_000 });
  });

  test("have their own variables, also when they start again", async () => {
    open().start({
      ...shell("one", 'echo "$KUBERNETES_SERVICE_HOST"; exec sleep 60'),
      env: { KUBERNETES_SERVICE_HOST: "192.0.2.1" },
    });
    const log = () => readFileSync(open().log("one"), "utf8");
    await waitFor(() => log() === "192.0.2.1\n", { what: "a start", timeoutMs: 30_000 });
    await open().restart("one");
    await waitFor(() => log() === "192.0.2.1\n192.0.2.1\n", { what: "two starts", timeoutMs: 30_000 });
  });

  test("that end by themselves are reported with the end of their log", async () => {
    open().start(shell("brief", "echo the port is taken; exit 1"));
    await waitFor(() => !open().isAlive("brief"), { what: "the end", timeoutMs: 30_000 });
    expect(() => open().assertAlive("brief")).toThrow(/brief stopped by itself[\s\S]*the port is taken/);
  });

  test("that cannot be started at all are an error at once", () => {
    expect(() => open().start({ name: "none", command: "/nonexistent/program", args: [] })).toThrow(
      /none did not start/,
    );
  });

  test("inherit no proxy and nothing else from the environment", async () => {
    open().start(shell("env", "env"));
    await waitFor(() => !open().isAlive("env"), { what: "the end", timeoutMs: 30_000 });
    const names = readFileSync(open().log("env"), "utf8").trim().split("\n");
    const own = ["PATH", "HOME", "TZ", "GOGC"];
    const set = names
      .map((line) => line.split("=")[0]!)
      .filter((name) => !["PWD", "SHLVL", "_", "OLDPWD"].includes(name));
    expect(set.sort()).toEqual(own.sort());
  });

  test("an unknown name is an error that lists the known ones", () => {
    open().start(shell("one", "exec sleep 60"));
    expect(() => open().isAlive("two")).toThrow('no process "two", only one');
  });
});

test("a namespace is entered without remounting /sys", () => {
  expect(inNamespace("cct-a-1", "kubelet", ["--x"])).toEqual(["nsenter", "--net=/run/netns/cct-a-1", "kubelet", "--x"]);
  expect(inNamespace(undefined, "etcd", [])).toEqual(["etcd"]);
});
