import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { bundleInto } from "../../images/bundle.ts";
import { PROGRAMS_VARIABLE, type ProgramName, programs } from "./programs.ts";

/** Bundles the programs that tests start, once for all of them: hundreds are started. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "cctelegram-programs-"));
  const bundled = async () => {
    const names = Object.keys(programs) as ProgramName[];
    await Promise.all(
      names.map((name) => bundleInto(join(folder, name), name === "bridge" ? { entry: programs.bridge } : name)),
    );
  };
  await bundled();
  project.onTestsRerun(bundled);
  process.env[PROGRAMS_VARIABLE] = folder;
  return () => rm(folder, { recursive: true, force: true });
}
