/**
 * `node setup.mjs TARGET [arguments]`: makes a fresh machine ready for a target and runs it. Plain JavaScript, because it
 * runs on whatever Node there is before the project's own is installed.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as prerequisites from "./e2e/cluster/prerequisites.mjs";
import { progress } from "./e2e/cluster/progress.mjs";

const ROOT = fileURLToPath(new URL(".", import.meta.url));
const MODULES = join(ROOT, "node_modules");
const LOCK = join(ROOT, "package-lock.json");
const STAMP = join(MODULES, ".setup-stamp");
const NODE = join(MODULES, ".bin", "node");

/** `level` says what the machine must be able to do; `degrades` that the target makes do with less. */
const TARGETS = {
  start: { file: "e2e/start.ts", level: (args) => (args.includes("--context") ? "none" : "nodes") },
  test: { file: "test/run.ts", level: () => "nodes", degrades: true },
  cluster: { file: "e2e/cluster/cli.ts", level: clusterLevel },
};

function clusterLevel(args) {
  if (args.includes("load")) return "nodes";
  if (!args.includes("up")) return "none";
  const nodes = args.find((arg) => arg.startsWith("--nodes="))?.slice(8) ?? args[args.indexOf("--nodes") + 1];
  return nodes === "0" ? "control-plane" : "nodes";
}

class SetupError extends Error {}

function execute(command, args, onLine = () => undefined) {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const child = spawn(command, args, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const collect = (text) => {
      output += text;
      onLine(output.trimEnd().split("\n").at(-1) ?? "");
    };
    child.stdout.setEncoding("utf8").on("data", collect);
    child.stderr.setEncoding("utf8").on("data", collect);
    child.on("error", (error) => reject(new SetupError(`${command} cannot be run: ${error.message}`)));
    child.on("close", (code) => {
      if (code === 0) return resolve();
      reject(new SetupError(`this command failed: ${command} ${args.join(" ")}\n${shorten(output)}`));
    });
  });
}

/** npm says what is wrong first and apt last; what is between is seldom of use, and warnings never. */
function shorten(output) {
  const lines = output.split("\n").filter((line) => line.trim() !== "" && !/^npm warn/i.test(line));
  return (lines.length <= 20 ? lines : [...lines.slice(0, 8), "...", ...lines.slice(-8)]).join("\n");
}

function lockHash() {
  return createHash("sha256").update(readFileSync(LOCK)).digest("hex");
}

/** npm's own record is as good as the stamp when it is not older than the lock file: someone ran `npm ci` by hand. */
function modulesAreCurrent() {
  if (!existsSync(NODE)) return false;
  if (existsSync(STAMP)) return readFileSync(STAMP, "utf8") === lockHash();
  const record = join(MODULES, ".package-lock.json");
  return existsSync(record) && statSync(record).mtimeMs >= statSync(LOCK).mtimeMs;
}

function installModules() {
  return progress.step("npm packages", async ({ update, cached }) => {
    if (modulesAreCurrent()) return cached();
    await execute("npm", ["ci", "--no-audit", "--no-fund"], update);
    if (!existsSync(NODE)) {
      throw new SetupError(
        "npm ci left no Node 26 in node_modules: allow install scripts (npm config ignore-scripts) and retry",
      );
    }
    writeFileSync(STAMP, lockHash());
  });
}

function installPackages(level, machine, testing) {
  const missing = prerequisites.missingPackages(level, machine);
  if (testing) missing.push(...prerequisites.missingTestPackages(machine));
  return progress.step("Debian packages", async ({ update, cached }) => {
    if (missing.length === 0) return cached();
    try {
      update("apt-get update");
      await execute("apt-get", ["update", "--quiet"], update);
      await execute("sh", ["e2e/cluster/quiet-install.sh", ...missing], update);
    } catch (error) {
      throw new SetupError(`${error.message}\n${prerequisites.afterFailedInstall(level)}`);
    }
  });
}

/** Returns the level that the machine has; throws when the target cannot make do with it. */
async function prepare(level, degrades, testing) {
  if (level === "none") return level;
  const machine = prerequisites.inspectMachine();
  const reached = prerequisites.reachable(level, machine);
  if (reached !== level) {
    const message = prerequisites.explain(level, machine);
    if (!degrades) throw new SetupError(message);
    progress.note(message);
  }
  if (reached !== "none") await installPackages(reached, machine, testing);
  return reached;
}

/** Runs the target under Node 26, by path: shells and npm remember the `node` that they found first. */
function runTarget(file, args, level) {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, PATH: `${join(MODULES, ".bin")}:${process.env.PATH}`, CCTELEGRAM_LEVEL: level };
    const child = spawn(NODE, [file, ...args], { cwd: ROOT, env, stdio: "inherit" });
    const forward = (signal) => child.kill(signal);
    // Ctrl-C on a terminal reaches the child by itself, a signal from a program does not.
    process.on("SIGINT", (signal) => process.stdin.isTTY || forward(signal));
    process.on("SIGTERM", forward).on("SIGHUP", forward);
    // Killed with -9, npm cannot pass anything on: what it started must not run on without it.
    const parent = process.ppid;
    setInterval(() => process.ppid === parent || forward("SIGTERM"), 1000).unref();
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 143)));
  });
}

async function main([target = "", ...rest]) {
  const generic = target === "run" && rest.length > 0;
  const { file, level, degrades = false } = generic ? { file: rest[0], level: () => "none" } : (TARGETS[target] ?? {});
  if (file === undefined) {
    throw new SetupError(
      `usage: node setup.mjs ${Object.keys(TARGETS).join("|")} [arguments], or run FILE [arguments]`,
    );
  }
  const args = generic ? rest.slice(1) : rest;
  await installModules();
  return runTarget(file, args, await prepare(level(args), degrades, target === "test"));
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(error instanceof SetupError ? error.message : error);
    process.exitCode = 1;
  },
);
