/** Runs commands until they end, or until this program is told to stop. Plain JavaScript: setup.mjs uses it on Node 20. */
import { spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";

const TAIL_LINES = 12;
const GRACE_MS = 2_000;
/** How long a command that must not be interrupted may take to end. */
const PATIENCE_MS = 120_000;

/** The running commands. */
const running = new Set();

/** A command that could not be run or ended with an exit code other than 0; `output` is its whole output. */
export class CommandError extends Error {
  constructor(message, output, cause) {
    super(message, { cause });
    this.output = output;
  }
}

/** Calls back with each whole line of a stream. */
function eachLine(stream, callback) {
  let rest = "";
  stream.on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") callback(line);
  });
  stream.on("end", () => rest !== "" && callback(rest));
}

/** Runs a command and returns its standard output; a failure has the last lines of its output. */
export function run(command, args, options = {}) {
  const { cwd, env = process.env, input = "", group = false, patient = false, timeoutMs } = options;
  return new Promise((resolve, reject) => {
    const stdio = ["pipe", "pipe", "pipe", ...(options.onStatusLine ? ["pipe"] : [])];
    const child = spawn(command, args, { cwd, env, stdio, detached: group, timeout: timeoutMs });
    const entry = { child, command, group, patient };
    let output = "";
    let errors = "";
    let all = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
      all += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      errors += text;
      all += text;
    });
    if (options.onErrorLine) eachLine(child.stderr, options.onErrorLine);
    if (options.onStatusLine) eachLine(child.stdio[3].setEncoding("utf8"), options.onStatusLine);
    watch(entry);
    child.on("error", (error) => {
      running.delete(entry);
      reject(new CommandError(`${command} cannot be run: ${error.message}`, all, error));
    });
    child.on("close", (code, signal) => {
      running.delete(entry);
      if (code === 0) return resolve(output);
      const tail = (errors.trim() || output.trim()).split("\n").slice(-TAIL_LINES).join("\n");
      reject(new CommandError(`${command} ${args.join(" ")} ended with ${signal ?? code}:\n${tail}`, all));
    });
    // A command that ends before it has read its input is judged by its exit code only.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}

let watching = false;

function watch(entry) {
  running.add(entry);
  if (watching) return;
  watching = true;
  // When this program ends, its commands end too.
  process.on("exit", () => {
    for (const each of running) tell(each, each.patient ? "SIGINT" : "SIGKILL");
  });
}

/** A group is signalled as a whole; of a command that must not be interrupted only the first process, which can end the others itself. */
function tell({ child, group, patient }, signal) {
  if (child.pid === undefined) return;
  try {
    process.kill(group && !patient ? -child.pid : child.pid, signal);
  } catch {
    // It has already ended.
  }
}

/**
 * Stops every running command: by SIGINT, by SIGKILL after two seconds. Those that must not be interrupted end by themselves;
 * `onWait` gets their names if that takes longer.
 */
export async function endCommands(onWait = () => undefined) {
  const told = [...running];
  for (const entry of told) tell(entry, "SIGINT");
  const left = () => told.filter((entry) => running.has(entry));
  await until(() => left().length === 0, GRACE_MS);
  for (const entry of left()) if (!entry.patient) tell(entry, "SIGKILL");
  const patient = left().filter((entry) => entry.patient);
  if (patient.length > 0) onWait([...new Set(patient.map(({ command }) => command))].join(", "));
  await until(() => left().length === 0, patient.length > 0 ? PATIENCE_MS : GRACE_MS);
}

async function until(condition, milliseconds) {
  const deadline = performance.now() + milliseconds;
  while (!condition() && performance.now() < deadline) await delay(20);
}
