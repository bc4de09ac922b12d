import { readFileSync } from "node:fs";

/** CPU seconds that a process has used so far, all threads. */
export function cpuSecondsOf(pid: number | undefined): number {
  const [, rest = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
  const fields = rest.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Memory of a process in MiB: resident now (`VmRSS`), or the most that it ever was (`VmHWM`). */
export function memoryOf(pid: number | undefined, field: "VmRSS" | "VmHWM"): number {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  const [, kibibytes] = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text) ?? [];
  return Number(kibibytes) / 1024;
}
