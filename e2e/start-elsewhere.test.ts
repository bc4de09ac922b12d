import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cluster, kubectl } from "./environment.ts";
import { processesNaming, shows, start, temporaryFolder } from "./started.ts";

test("npm start --engine makes a cluster with kind, sends a message there, and removes it after Ctrl-C", async () => {
  const folder = temporaryFolder();
  const log = join(folder, "log");
  // No engine runs here: replacements for its commands succeed, and the cluster that kind should create is that of these tests.
  const script = (name: string, text: string) =>
    writeFileSync(join(folder, name), `#!/bin/sh\necho ${name} "$@" >> ${log}\n${text}\n`, { mode: 0o755 });
  script("docker", '[ "$1" = save ] && touch "$3"; exit 0');
  script("kind", `[ "$1 $2" = "create cluster" ] && cp ${cluster.kubeconfig} "$6"; exit 0`);
  const started = start(["--engine", "docker"], { PATH: `${folder}:${process.env.PATH}`, TMPDIR: folder });
  await shows(started, "It runs until Ctrl-C");
  expect(started.output()).toMatch(/Telegram received:[\s\S]*Hello from CCTelegram on Kubernetes/);
  const [, url = ""] = /MCP endpoint, from this machine: +(\S+)/.exec(started.output()) ?? [];
  expect((await fetch(url.replace(/mcp$/, "health"))).status).toBe(200);
  started.child.kill("SIGINT");
  expect(await started.ended).toBe(0);
  const commands = readFileSync(log, "utf8").trim().split("\n");
  expect(commands.filter((command) => command.startsWith("docker build"))).toHaveLength(3);
  expect(commands.at(-1)).toMatch(/^kind delete cluster --name cctelegram-start/);
  expect(processesNaming(folder)).toEqual([]);
  expect(readdirSync(folder).sort()).toEqual(["docker", "kind", "log"]);
  await kubectl(["delete", "-f", "examples/quickstart.yaml"]);
});

test("npm start --context uses the existing cluster of that name", async () => {
  const context = (await kubectl(["config", "current-context"])).trim();
  const started = start(["--context", context, "--images", "docker.io/cctelegram/", "--tag", "dev"], {
    KUBECONFIG: cluster.kubeconfig,
  });
  expect(await started.ended).toBe(0);
  expect(started.output()).toMatch(/Telegram received:[\s\S]*Hello from CCTelegram on Kubernetes/);
  await kubectl(["delete", "-f", "examples/quickstart.yaml"]);
});
