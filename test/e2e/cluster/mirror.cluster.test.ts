import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { down, up } from "../../../e2e/cluster/cluster.ts";
import { controlPlanePrograms } from "../../../e2e/cluster/program-table.ts";
import { program } from "../../../e2e/cluster/programs.ts";
import { type Checksums, type Releases, releaseFiles } from "../../../e2e/cluster/releases.ts";
import { createProgress } from "../../../machine/progress.mjs";

const name = "mirrored";

/** A mirror with the programs that were compiled here, packed and laid out as their projects release them. */
async function publish(folder: string): Promise<Releases> {
  const bare = { checksums: {}, arch: "amd64", cacheRoot: join(folder, "cache") } as const;
  const checksums: Record<string, Checksums[string]> = {};
  for (const { path, members } of await releaseFiles(controlPlanePrograms, bare)) {
    const file = join(folder, "mirror", path);
    mkdirSync(dirname(file), { recursive: true });
    for (const [each, member] of Object.entries(members)) {
      const compiled = await program(each as (typeof controlPlanePrograms)[number]);
      if (member === "") symlinkSync(compiled, file);
      else pack(file, compiled, member, join(folder, "source"));
    }
    const sha256 = createHash("sha256").update(readFileSync(file)).digest("hex");
    checksums[path] = { sha256, source: "this test" };
  }
  return { ...bare, checksums, mirror: pathToFileURL(join(folder, "mirror")) };
}

function pack(archive: string, compiled: string, member: string, source: string): void {
  mkdirSync(join(source, dirname(member)), { recursive: true });
  symlinkSync(compiled, join(source, member));
  execFileSync("tar", ["--dereference", "-czf", archive, "-C", source, member]);
}

/** The programs of all processes of the cluster. */
function programsOf(folder: string): string[] {
  const commands = readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      } catch {
        // The process has ended in the meantime.
        return [];
      }
    });
  return commands.filter((command) => command.some((arg) => arg.includes(`${folder}/`))).map(([first = ""]) => first);
}

test("a control plane comes up from the official programs of a mirror, compiling nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "cctelegram-mirror-"));
  onTestFinished(async () => {
    await down(name);
    rmSync(folder, { recursive: true });
  });
  let said = "";
  const progress = createProgress({ stream: { write: (text) => (said += text) } });
  const releases = await publish(folder);
  const cluster = await up({ name, nodes: 0, releases, progress });
  expect(said.match(/done {4}download \S+/g)).toHaveLength(controlPlanePrograms.length);
  expect(said).not.toContain("compile");
  const running = programsOf(dirname(cluster.kubeconfig));
  expect(running.map((path) => path.slice(path.lastIndexOf("/") + 1)).sort()).toEqual([
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
  ]);
  for (const path of running) expect(path).toContain(join(folder, "cache", "releases"));
  expect(await cluster.kubectl(["version"])).toContain("Server Version: v1.36.3");
  await cluster.down();

  const again = await up({ name, nodes: 0, releases, progress });
  expect(said).toContain("cached  programs of the cluster");
  await again.down();
});
