import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parseArgs, stripVTControlCharacters } from "node:util";
import { memoryLimitObstacle } from "../attack/memory-limit.ts";
import { onOrphaned } from "../machine/orphan.ts";
import { leaksIn } from "./leaks/leaks.ts";
import { RECORD_VARIABLE } from "./leaks/record.ts";

type Count = { passed: number; failed: number; skipped: number };
type AssertionResult = { fullName: string; status: string; failureMessages?: string[] };
type Report = {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  testResults: { name: string; status: string; assertionResults: AssertionResult[] }[];
};

const checks = [
  ["formatting and lint", "biome", ["check", "."]],
  ["types", "tsc", ["-p", "."]],
  ["types of the dashboard's page", "tsc", ["-p", "server/monitoring/page/app"]],
  ["unused code and dependencies", "knip", []],
] as const;

const { values } = parseArgs({ options: { only: { type: "string", multiple: true } } });
const wanted = (name: string) => values.only === undefined || values.only.includes(name);
/** The projects of a suite that has several. */
const projects: Readonly<Record<string, readonly string[]>> = { e2e: ["e2e", "e2e-alone"] };
const canHaveNodes = process.platform === "linux" && process.getuid?.() === 0;
/** Why this machine cannot run a project, or undefined. */
const obstacles: Readonly<Record<string, () => string | undefined>> = {
  attack: memoryLimitObstacle,
  e2e: () => (canHaveNodes ? undefined : "nodes need Linux and root"),
};

/** What the suites say and which secrets they use; looked through at the end. */
const record = mkdtempSync(join(tmpdir(), "cctelegram-record-"));
/** What Node has compiled, for the hundreds of programs and workers that load the same modules. */
const compiled = mkdtempSync(join(tmpdir(), "cctelegram-compiled-"));
const environment = { ...process.env, [RECORD_VARIABLE]: record, NODE_COMPILE_CACHE: compiled };

const total: Count = { passed: 0, failed: 0, skipped: 0 };
/** Named again at the end: whoever has only the end of a log sees what to look for. */
const failures: string[] = [];
/** Whoever stops the run wants no further suite. */
let stoppedBy: NodeJS.Signals | undefined;
if (wanted("checks")) for (const [name, command, args] of checks) add(await check(name, command, args));
for (const project of ["unit", "process", "clients", "attack", "cluster", "gitops", "e2e"])
  if (wanted(project) && stoppedBy === undefined) add(await suite(project));
if (stoppedBy === undefined) add(leaks());
else failures.push(`the rest, which ${stoppedBy} stopped`);
for (const folder of [record, compiled]) rmSync(folder, { recursive: true, force: true });

if (failures.length > 0) console.log(`\n${failures.map((name) => `FAILED: ${name}`).join("\n")}`);
console.log(`\n${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ""}`);
process.exitCode = failures.length > 0 || total.passed === 0 ? 1 : 0;

function add({ passed, failed, skipped }: Count): void {
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
}

async function check(name: string, command: string, args: readonly string[]): Promise<Count> {
  const started = performance.now();
  const status = await run(join("node_modules/.bin", command), args);
  console.log(`${status === 0 ? "ok" : "FAILED"}: ${name} (${seconds(started)})`);
  if (status !== 0) failures.push(name);
  return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
}

/** No secret that the suites used may be in anything that they printed, logged, answered or stored. */
function leaks(): Count {
  const started = performance.now();
  const { leaks, secrets, bytes, lost, unused } = leaksIn(record);
  if (secrets === 0) return { passed: 0, failed: 0, skipped: 0 };
  for (const { kind, by, use, near } of leaks.slice(0, 20)) {
    console.log(`LEAKED: ${use}, in ${kind} of ${by}: ${JSON.stringify(near)}`);
  }
  if (lost > 0) console.log(`FAILED: ${lost} bytes were said beyond what is kept`);
  // A part of the projects need not come to each place.
  if (values.only === undefined)
    for (const { reason } of unused) console.log(`no secret was found where one belongs: ${reason}`);
  const isWell = leaks.length === 0 && lost === 0;
  const searched = `${secrets} secrets in ${(bytes / 1e6).toFixed(0)} MB`;
  if (!isWell) failures.push("no leak of secrets");
  console.log(`${isWell ? "ok" : "FAILED"}: no leak of ${searched} (${leaks.length} found, ${seconds(started)})`);
  return { passed: isWell ? 1 : 0, failed: isWell ? 0 : 1, skipped: 0 };
}

async function suite(project: string): Promise<Count> {
  const obstacle = obstacles[project]?.();
  if (obstacle !== undefined) {
    console.log(`skipped: ${project}, because ${obstacle}`);
    return { passed: 0, failed: 0, skipped: 1 };
  }
  const started = performance.now();
  console.log(`\n== ${project} tests`);
  const folder = mkdtempSync(join(tmpdir(), "cctelegram-test-"));
  const report = join(folder, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const status = await run(process.execPath, [
    "node_modules/vitest/vitest.mjs",
    "run",
    ...(projects[project] ?? [project]).flatMap((name) => ["--project", name]),
    ...reporters,
  ]);
  const count = counted(project, report, status);
  rmSync(folder, { recursive: true, force: true });
  console.log(`${project}: ${count.passed} passed, ${count.failed} failed (${seconds(started)})`);
  return count;
}

/** Runs a command; when this program is stopped the command is stopped too, so that it can clean up. */
function run(command: string, args: readonly string[]): Promise<number> {
  if (stoppedBy !== undefined) return Promise.resolve(1);
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: "inherit", env: environment });
    const forward = (signal: NodeJS.Signals) => {
      stoppedBy = signal;
      child.kill(signal);
    };
    process.on("SIGTERM", forward).on("SIGHUP", forward);
    // A terminal sends Ctrl-C to both.
    const wait = () => {
      stoppedBy = "SIGINT";
    };
    process.on("SIGINT", wait);
    onOrphaned(() => forward("SIGTERM"));
    child.on("error", (error) => {
      console.error(error.message);
      resolve(1);
    });
    child.on("close", (code) => {
      process.off("SIGTERM", forward).off("SIGHUP", forward).off("SIGINT", wait);
      resolve(code ?? 1);
    });
  });
}

/** A suite that could not start, or failed beside its tests, counts as one failure. */
function counted(project: string, file: string, status: number): Count {
  const report: Report | undefined = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
  const failed = (report?.testResults ?? []).flatMap(({ name, status, assertionResults }) => {
    const tests = assertionResults.filter((test) => test.status === "failed").map(nameAndReason);
    return (status === "failed" && tests.length === 0 ? ["(the file)"] : tests).map(
      (test) => `${relative(process.cwd(), name)} > ${test}`,
    );
  });
  failures.push(...failed);
  if (status !== 0 && failed.length === 0) failures.push(`${project} (no test; see above)`);
  return {
    passed: report?.numPassedTests ?? 0,
    failed: status === 0 ? 0 : Math.max(1, report?.numFailedTests ?? 0),
    skipped: report?.numPendingTests ?? 0,
  };
}

/** What was expected, and of a property the seed and the counterexample; the rest is above. */
function nameAndReason({ fullName, failureMessages = [] }: AssertionResult): string {
  const [reason = "", ...more] = stripVTControlCharacters(failureMessages[0] ?? "").split("\n");
  const example = more.filter((line) => /^(\{ seed|Counterexample)/.test(line));
  return [fullName, ...[reason, ...example].filter(Boolean).map((line) => `    ${line.slice(0, 500)}`)].join("\n");
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
