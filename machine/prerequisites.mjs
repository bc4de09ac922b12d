/** What the machine needs. Plain JavaScript: setup.mjs uses it before any package is installed, on Node 20. */
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Debian packages by their use. */
export const PACKAGES = {
  "control-plane": ["openssl"],
  images: ["buildah", "binutils"],
  nodes: ["runc", "containernetworking-plugins", "iptables", "conntrack", "iproute2", "util-linux"],
  // promtool, which checks the alerts; the proxies of docs/proxies; Python for clients in it; what the guides read logs with; a browser
  // for the page at /docs; a registry. Tests that need them say so if they are missing.
  tests: ["prometheus", "nginx", "haproxy", "python3", "python3-venv", "fail2ban", "jq", "chromium", "docker-registry"],
};

/** The levels that a target can require; each one includes those before it. */
const LEVELS = ["none", "control-plane", "nodes"];

const STILL_WORKS = {
  none:
    "Still works: `npm run test:unit` (the fast tests), `npm run standalone` (the server without Kubernetes; `-- --try` needs " +
    "no token), and with Docker or Podman `npm start -- --engine docker`.",
  "control-plane":
    "Still works: `npm test` but for its end-to-end part, `npm run cluster -- up --nodes 0` (a control plane), " +
    "`npm run test:unit`, `npm run standalone`, `npm start -- --engine docker` with Docker or Podman, and " +
    "`npm start -- --context NAME` with a cluster that you have.",
};

/** Facts about the machine. */
export function inspectMachine() {
  const debian = existsSync("/etc/debian_version");
  return {
    linux: process.platform === "linux",
    root: process.getuid?.() === 0,
    debian,
    ubuntu: debian && isUbuntu(),
    go: onPath("go"),
    missing: debian ? notInstalled(Object.values(PACKAGES).flat(), dpkgStatus()) : onPath("openssl") ? [] : ["openssl"],
  };
}

function onPath(command) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, command)));
}

function isUbuntu() {
  return existsSync("/etc/os-release") && /^ID(_LIKE)?=.*ubuntu/m.test(readFileSync("/etc/os-release", "utf8"));
}

function dpkgStatus() {
  return readFileSync("/var/lib/dpkg/status", "utf8");
}

/** Names without a stanza in dpkg's status file that says "installed". */
export function notInstalled(names, status) {
  const installed = new Set();
  for (const stanza of status.split("\n\n")) {
    const name = /^Package: (.+)$/m.exec(stanza)?.[1];
    if (name !== undefined && /^Status: \S+ \S+ installed$/m.test(stanza)) installed.add(name);
  }
  return names.filter((name) => !installed.has(name));
}

const groups = {
  none: [],
  "control-plane": ["control-plane"],
  nodes: ["control-plane", "images", "nodes"],
};

/** Packages that the level needs and that are not installed. */
export function missingPackages(level, { missing }) {
  const wanted = groups[level].flatMap((group) => PACKAGES[group]);
  return missing.filter((name) => wanted.includes(name));
}

/** Optional packages for tests, if they can be installed here. Ubuntu has chromium as a snap only. */
export function missingTestPackages({ missing, root, debian, ubuntu }) {
  if (!root || !debian) return [];
  return missing.filter((name) => PACKAGES.tests.includes(name) && !(ubuntu && name === "chromium"));
}

/** Why this machine cannot reach the level, one reason each; a package that can be installed is no reason. */
export function obstacles(level, machine) {
  if (level === "none") return [];
  const packages = missingPackages(level, machine);
  const installable = machine.root && machine.debian;
  const reasons = [
    [!machine.go, "Go is missing, which the local Kubernetes is built with: install Go 1.26 or newer"],
    [level === "nodes" && !machine.linux, "nodes need Linux"],
    [level === "nodes" && !machine.root, "nodes need root, for network namespaces and mounts"],
    [
      packages.length > 0 && !installable,
      `not installed: ${packages.join(", ")} (run as root on Debian or Ubuntu, and this is done for you)`,
    ],
  ];
  return reasons.filter(([applies]) => applies).map(([, reason]) => reason);
}

/** The highest level, at most the requested one, that this machine can reach. */
export function reachable(level, machine) {
  const candidates = LEVELS.slice(0, LEVELS.indexOf(level) + 1).reverse();
  return candidates.find((candidate) => obstacles(candidate, machine).length === 0) ?? "none";
}

/** One message for a level that cannot be reached: why, and what works without it. */
export function explain(level, machine) {
  const reasons = obstacles(level, machine).map((reason) => `  - ${reason}`);
  const what = level === "nodes" ? "a local Kubernetes with nodes" : "a local Kubernetes";
  return `This machine cannot run ${what}:\n${reasons.join("\n")}\n${STILL_WORKS[reachable(level, machine)]}`;
}

/** What still works when the level's packages could not be installed. */
export function afterFailedInstall(level) {
  return STILL_WORKS[level === "nodes" ? "control-plane" : "none"];
}
