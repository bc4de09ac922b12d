/**
 * `node setup.mjs TARGET [arguments]`: prepares a machine for a target and runs it. Plain JavaScript, because it
 * runs on any Node version before the project's own is installed.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError, endCommands, run } from "./machine/command.mjs";
import { installPackages } from "./machine/debian-packages.mjs";
import * as prerequisites from "./machine/prerequisites.mjs";
import { progress } from "./machine/progress.mjs";

const ROOT = fileURLToPath(new URL(".", import.meta.url));
const MODULES = join(ROOT, "node_modules");
const LOCK = join(ROOT, "package-lock.json");
const STAMP = join(MODULES, ".setup-stamp");
const STARTED = String(Date.now());
const NODE = join(MODULES, ".bin", "node");

/** `level` is what the target requires of the machine; with `degrades` the target also runs with less. */
const TARGETS = {
  // First shows what works without a cluster, and prepares the machine for one after that.
  start: { command: (args) => ["e2e/start/main.ts", ...args], level: () => "none" },
  standalone: { command: standalone, level: () => "none" },
  test: { command: (args) => ["test/run.ts", ...args], level: () => "nodes", degrades: true },
  conformance: {
    command: (args) => ["conformance/main.ts", ...args],
    level: (args) => (args.includes("--cluster") ? "nodes" : "none"),
  },
  cluster: { command: (args) => ["e2e/cluster/cli.ts", ...args], level: clusterLevel },
  run: { command: (args) => args, level: () => "none" },
};

function standalone(args) {
  const others = args.filter((arg) => arg !== "--try");
  return others.length < args.length ? ["e2e/start/try.ts", ...others] : ["server/main.ts", "standalone", ...args];
}

function clusterLevel(args) {
  if (args.includes("load")) return "nodes";
  if (!args.includes("up")) return "none";
  const nodes = args.find((arg) => arg.startsWith("--nodes="))?.slice(8) ?? args[args.indexOf("--nodes") + 1];
  return nodes === "0" ? "control-plane" : "nodes";
}

class SetupError extends Error {}

/** npm prints the error first and apt prints it last; what is in between is seldom useful, and warnings never. */
function explained(error) {
  if (!(error instanceof CommandError)) return error.message;
  const lines = error.output.split("\n").filter((line) => line.trim() !== "" && !/^npm warn/i.test(line));
  const shown = lines.length <= 20 ? lines : [...lines.slice(0, 8), "...", ...lines.slice(-8)];
  return [error.message.split("\n")[0], ...shown].join("\n");
}

function lockHash() {
  return createHash("sha256").update(readFileSync(LOCK)).digest("hex");
}

/** npm's own record counts like the stamp if it is not older than the lock file: then somebody ran `npm ci` by hand. */
function modulesAreCurrent() {
  if (!existsSync(NODE)) return false;
  if (existsSync(STAMP)) return readFileSync(STAMP, "utf8") === lockHash();
  const record = join(MODULES, ".package-lock.json");
  return existsSync(record) && statSync(record).mtimeMs >= statSync(LOCK).mtimeMs;
}

/** How many of the packages in the lock file for this machine are installed. */
function installedModules() {
  const fits = (names, own) => names === undefined || names.includes(own);
  const packages = Object.entries(JSON.parse(readFileSync(LOCK, "utf8")).packages);
  const wanted = packages.filter(
    ([path, { os, cpu }]) => path !== "" && fits(os, process.platform) && fits(cpu, process.arch),
  );
  return () => ({
    all: wanted.length,
    there: wanted.filter(([path]) => existsSync(join(ROOT, path, "package.json"))).length,
  });
}

function installModules() {
  return progress.step("npm packages", async ({ reached, cached }) => {
    if (modulesAreCurrent()) return cached();
    // An incomplete installation would not be used, and takes space.
    interrupted = () => rmSync(MODULES, { recursive: true, force: true });
    const count = installedModules();
    const timer = setInterval(() => {
      const { all, there } = count();
      reached(there / all, `${there} of at most ${all}`);
    }, 1_000);
    try {
      await run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: ROOT, group: true });
    } finally {
      clearInterval(timer);
    }
    if (!existsSync(NODE)) {
      throw new SetupError(
        "npm ci left no Node 26 in node_modules: allow install scripts (npm config ignore-scripts) and retry",
      );
    }
    writeFileSync(STAMP, lockHash());
    interrupted = () => undefined;
  });
}

function installDebianPackages(level, machine, testing) {
  const missing = prerequisites.missingPackages(level, machine);
  if (testing) missing.push(...prerequisites.missingTestPackages(machine));
  return progress.step("Debian packages", async (control) => {
    if (missing.length === 0) return control.cached();
    try {
      await installPackages(missing, control);
    } catch (error) {
      throw new SetupError(`${explained(error)}\n${prerequisites.afterFailedInstall(level)}`);
    }
  });
}

/** Installs what the level needs, or what is possible; throws if the target requires more than that. */
async function prepare(level, degrades, testing) {
  if (level === "none") return;
  const machine = prerequisites.inspectMachine();
  const reached = prerequisites.reachable(level, machine);
  if (reached !== level) {
    const message = prerequisites.explain(level, machine);
    if (!degrades) throw new SetupError(message);
    progress.note(message);
  }
  if (reached !== "none") await installDebianPackages(reached, machine, testing);
}

/** Undo steps for when this program is told to stop before the target runs. */
let interrupted = () => undefined;

/** Until the target runs: stops running commands and cleans up. Returns a function that stops listening. */
function endOnSignals() {
  let told = false;
  const stop = async () => {
    if (told) return;
    told = true;
    progress.stopping();
    await endCommands((names) => progress.note(`${names} comes to an end of what it has begun`));
    interrupted();
    progress.note("Ended before anything ran. What was downloaded is kept in npm's own cache.");
    process.exit(130);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, stop);
  return {
    told: () => told,
    release: () => {
      for (const signal of signals) process.off(signal, stop);
    },
  };
}

/** Runs the target under Node 26, by path: shells and npm cache the path of the first `node` that they found. */
function runTarget(command) {
  return new Promise((resolve, reject) => {
    const env = {
      ...process.env,
      PATH: `${join(MODULES, ".bin")}:${process.env.PATH}`,
      CCTELEGRAM_STARTED: STARTED,
    };
    const child = spawn(NODE, command, { cwd: ROOT, env, stdio: "inherit" });
    const forward = (signal) => child.kill(signal);
    // Ctrl-C on a terminal reaches the child directly, a signal from a program does not.
    process.on("SIGINT", (signal) => process.stdin.isTTY || forward(signal));
    process.on("SIGTERM", forward).on("SIGHUP", forward);
    // If npm is killed with -9, it cannot pass a signal on: the child must not continue to run.
    const parent = process.ppid;
    setInterval(() => process.ppid === parent || forward("SIGTERM"), 1000).unref();
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 143)));
  });
}

async function main([target = "", ...args]) {
  const { command, level, degrades = false } = TARGETS[target] ?? {};
  if (command === undefined || (target === "run" && args.length === 0)) {
    const targets = Object.keys(TARGETS).filter((name) => name !== "run");
    throw new SetupError(`usage: node setup.mjs ${targets.join("|")} [arguments], or run FILE [arguments]`);
  }
  const signals = endOnSignals();
  try {
    await installModules();
    await prepare(level(args), degrades, target === "test");
    signals.release();
    return await runTarget(command(args));
  } catch (error) {
    // Failures of commands that are being stopped are not reported.
    if (signals.told()) return new Promise(() => undefined);
    throw error;
  }
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(error instanceof SetupError || error instanceof CommandError ? explained(error) : error);
    process.exitCode = 1;
  },
);
