/**
 * `npm run conformance [-- --servers 3 | --cluster]`: the official suite of MCP against the server, over HTTP with a key;
 * against several servers each request goes to the next, and in a cluster to any of three pods.
 */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { withOperator } from "./cluster.ts";
import { type Outcome, runConformance } from "./conformance.ts";
import { startPods } from "./pods.ts";
import { startPrograms } from "./programs.ts";

const folder = await mkdtemp(join(tmpdir(), "cctelegram-conformance-"));
const { values } = parseArgs({
  options: { servers: { type: "string", default: "1" }, cluster: { type: "boolean", default: false } },
});
const { verdicts, stale } = await (values.cluster ? againstPods() : againstProcesses(values.servers));
for (const [set, { passed, failed, skipped, problems, scenarios }] of Object.entries(verdicts)) {
  console.log(`${set}: ${scenarios} scenarios, ${passed} checks passed, ${failed} failed, ${skipped} do not apply`);
  for (const problem of problems) console.log(`  ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
}
for (const entry of stale) {
  console.log(`conformance/expected-failures.yml: "${entry}" passes: take it out`);
  process.exitCode = 1;
}
console.log(`Details: ${folder}`);

function againstPods(): Promise<Outcome> {
  return withOperator((cluster) => runConformance(folder, () => startPods(cluster, folder)));
}

function againstProcesses(servers: string): Promise<Outcome> {
  const count = Math.max(1, Math.trunc(Number(servers)) || 1);
  return runConformance(folder, () => startPrograms(folder, count));
}
