import { appendFileSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { load } from "js-yaml";
import * as z from "zod";
import { startKeyProxy } from "./key-proxy.ts";
import type { Programs } from "./programs.ts";
import { type RequirementSet, requirementSets, runSuite } from "./suite.ts";
import { judge, type Verdict } from "./verdict.ts";

export type Outcome = {
  readonly verdicts: Readonly<Record<RequirementSet, Verdict>>;
  /** Entries of the expected failures that passed in every set: they have to go. */
  readonly stale: readonly string[];
};

/**
 * Runs the official suite against servers behind a proxy that adds their key; of several URLs each request goes to the next.
 * The servers are started for it, and disposed of when it has ended.
 */
export async function runConformance(folder: string, start: () => Promise<Programs>): Promise<Outcome> {
  await mkdir(folder, { recursive: true });
  const expected = await expectedFailures();
  await using programs = await start();
  const proxyLog = join(folder, "proxy.log");
  await using proxy = await startKeyProxy(programs.urls, programs.key, (error, { method, url }) =>
    appendFileSync(proxyLog, `${new Date().toISOString()} ${method} ${url}: ${error.message}\n`),
  );
  const verdicts = await Promise.all(
    requirementSets.map(async (set) => {
      const results = await runSuite(`${proxy.url}/mcp`, set, join(folder, set));
      return [set, judge(results, expected)] as const;
    }),
  );
  const used = new Set(verdicts.flatMap(([, verdict]) => verdict.used));
  return {
    verdicts: Object.fromEntries(verdicts) as Outcome["verdicts"],
    stale: expected.filter((entry) => !used.has(entry)),
  };
}

const expectedSchema = z.object({ server: z.array(z.string()) });

async function expectedFailures(): Promise<readonly string[]> {
  const text = await readFile(new URL("expected-failures.yml", import.meta.url), "utf8");
  return expectedSchema.parse(load(text)).server;
}
