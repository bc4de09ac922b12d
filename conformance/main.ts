/**
 * `npm run conformance [-- --servers 3]`: the official suite of MCP against the server, over HTTP with a key; against several
 * of them each request goes to the next.
 */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runConformance } from "./conformance.ts";

const folder = await mkdtemp(join(tmpdir(), "cctelegram-conformance-"));
const { values } = parseArgs({ options: { servers: { type: "string", default: "1" } } });
const { verdicts, stale } = await runConformance(folder, Math.max(1, Math.trunc(Number(values.servers)) || 1));
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
