import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** A pid together with its start time: pids are reused, the pair is not. */
export type ProcessIdentity = { readonly pid: number; readonly startTime: string };

/** Field 22 of /proc/PID/stat. The command in field 2 may hold spaces and brackets, so fields count from its last ")". */
export function startTimeOf(stat: string): string | undefined {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const state = fields[0];
  // A zombie does not run any more; it only waits for its parent to read its exit code.
  return state === "Z" || state === "X" ? undefined : fields[19];
}

/** When the process with this pid started, in whatever unit the system has; undefined when there is none. */
function startTime(pid: number): string | undefined {
  try {
    if (process.platform === "linux") return startTimeOf(readFileSync(`/proc/${pid}/stat`, "utf8"));
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || undefined;
  } catch {
    return undefined;
  }
}

export function identify(pid: number): ProcessIdentity | undefined {
  const started = startTime(pid);
  return started === undefined ? undefined : { pid, startTime: started };
}

export function isAlive({ pid, startTime: recorded }: ProcessIdentity): boolean {
  return startTime(pid) === recorded;
}

/** Signals the process unless it is gone or its pid belongs to another one by now. */
export function signal(identity: ProcessIdentity, name: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    return process.kill(identity.pid, name);
  } catch {
    return false;
  }
}
