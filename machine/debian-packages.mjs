/** Installs Debian packages. Plain JavaScript: setup.mjs uses it on Node 20. */
import { fileURLToPath } from "node:url";
import { run } from "./command.mjs";

const ENV = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
const QUIET_INSTALL = fileURLToPath(new URL("quiet-install.sh", import.meta.url));
/** Another program may be installing something; apt then waits for so many seconds. */
const LOCK = ["-o", "DPkg::Lock::Timeout=120"];

/**
 * Parses a line of apt's status protocol: how much of downloading or of installing is done, and the current step. The lines are
 * dlstatus:FILE:PERCENT:TEXT and pmstatus:PACKAGE:PERCENT:TEXT.
 */
export function parseStatus(line) {
  const [, phase, percent, text] = /^(dl|pm)status:[^:]*:([\d.]+):(.*)$/.exec(line) ?? [];
  if (phase === undefined) return undefined;
  return { phase: phase === "dl" ? "download" : "install", share: Number(percent) / 100, text };
}

/** Installs packages without starting their services, and reports progress: the lists are a tenth, downloads half of the rest. */
export async function installPackages(names, { reached }, execute = run) {
  const options = ["-o", "APT::Status-Fd=3", ...LOCK];
  const call = (command, args, onStatusLine) =>
    execute(command, args, {
      env: { ...ENV, APT_OPTIONS: options.join(" ") },
      group: true,
      patient: true,
      onStatusLine,
    });
  const tell = (from, width) => (line) => {
    const status = parseStatus(line);
    if (status) reached(from[status.phase] + width * status.share, status.text);
  };
  reached(0, "apt-get update");
  await call("apt-get", ["update", "--quiet", ...options], tell({ download: 0, install: 0 }, 0.1));
  reached(0.1, "apt-get install");
  await call("sh", [QUIET_INSTALL, ...names], tell({ download: 0.1, install: 0.55 }, 0.45));
}
