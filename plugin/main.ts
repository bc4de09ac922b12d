#!/usr/bin/env node
import { portForward } from "./cluster/port-forward.ts";
import { filesIn } from "./files.ts";
import { run } from "./run.ts";
import { processTerminal } from "./terminal/process-terminal.ts";

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
// Whoever reads the output may have seen enough, as head has.
process.stdout.on("error", () => process.exit(0));

const { stdin, stdout, stderr, env } = process;
process.exitCode = await run(process.argv.slice(2), {
  env,
  terminal: processTerminal({ stdin, stdout, stderr, env, signal: stop.signal }),
  files: filesIn(process.cwd()),
  dial: portForward,
  now: Date.now,
  signal: stop.signal,
});
