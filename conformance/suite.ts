import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { load } from "js-yaml";
import * as z from "zod";
import type { Check, ScenarioResult } from "./verdict.ts";

/** Revisions of MCP for which the suite says what a server has to do. */
export const requirementSets = ["2025-11-25", "2026-07-28"] as const;

export type RequirementSet = (typeof requirementSets)[number];

const suitePackage = import.meta.resolve("@modelcontextprotocol/conformance/package.json");

const fileOf = (path: string) => fileURLToPath(new URL(path, suitePackage));

/** Runs all scenarios of a set that concern a server, scored or not; what the suite writes is in the folder. */
export async function runSuite(url: string, set: RequirementSet, folder: string): Promise<ScenarioResult[]> {
  await mkdir(folder, { recursive: true });
  const args = [fileOf("dist/index.js"), "server", "--url", url, "--requirements", set, "--output-dir", folder];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const log = createWriteStream(join(folder, "suite.log"));
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  await once(child, "close");
  log.end();
  const written = await readdir(folder);
  return Promise.all((await scenariosOf(set)).map((scenario) => resultOf(scenario, folder, written)));
}

const requirementsSchema = z.object({
  server: z.array(z.string()),
  not_scored: z.array(z.object({ scenario: z.string(), leg: z.string() })),
});

async function scenariosOf(set: RequirementSet): Promise<readonly string[]> {
  const text = await readFile(fileOf(`requirements/${set}.yaml`), "utf8");
  const { server, not_scored: others } = requirementsSchema.parse(load(text));
  return [...server, ...others.filter(({ leg }) => leg === "server").map(({ scenario }) => scenario)];
}

/** The suite makes a folder `server-SCENARIO-TIME` for each scenario, and leaves it empty when it cannot run it. */
async function resultOf(scenario: string, folder: string, written: readonly string[]): Promise<ScenarioResult> {
  const name = written.find((candidate) => candidate.replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, "") === `server-${scenario}`);
  const text = await readFile(join(folder, name ?? "", "checks.json"), "utf8").catch(() => undefined);
  if (text !== undefined) return { scenario, checks: JSON.parse(text) as Check[] };
  return { scenario, checks: [{ id: "run", status: "FAILURE", errorMessage: "the suite could not run it" }] };
}
