import { constants, openSync, writeSync } from "node:fs";
import { isatty } from "node:tty";
import { type DestinationStream, type Logger, type LoggerOptions, pino } from "pino";
import { LogOutput } from "./log-output.ts";

/**
 * A logger that writes to stdout and neither waits nor fails when nobody reads there. pino's own output tries forever to
 * write what is left at the end of a process whose reader has gone away. `through` makes of the output what lines are written to.
 */
export function stdoutLogger(
  options: LoggerOptions,
  through: (output: DestinationStream) => DestinationStream = (output) => output,
): Logger {
  const fd = stdout();
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  const output = new LogOutput({
    write: (bytes) => writeSync(fd, bytes),
    soon: setImmediate,
    now: () => performance.now(),
    later: (work, delayMs) => void setTimeout(work, delayMs).unref(),
    pause: (delayMs) => void Atomics.wait(sleeper, 0, 0, delayMs),
    onLost: (lines) => logger.warn({ lines }, "log lines were lost: nobody read them in time"),
  });
  const logger = pino(options, through(output));
  process.on("exit", () => output.finish());
  return logger;
}

/** Stdout as a descriptor on which a write that does not fit fails at once. */
function stdout(): number {
  // Node makes pipes and sockets so when they are first looked at, but not terminals, which Ctrl-S holds.
  const { fd } = process.stdout;
  if (!isatty(fd)) return fd;
  try {
    return openSync(`/dev/fd/${fd}`, constants.O_WRONLY | constants.O_NOCTTY | constants.O_NONBLOCK);
  } catch {
    return fd;
  }
}
