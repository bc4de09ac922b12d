import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const MOUNT = "/sys/fs/cgroup";

/** Top cgroup of a node's pods; a name of its own keeps two kubelets apart, and the id (`Folders`) two clusters. */
export function cgroupOf(id: string, node: number): string {
  return `/cctelegram-${id}-${node}`;
}

/** Folders that hold a cgroup of that name: one with cgroup v2, one per controller with v1. */
function hierarchies(): string[] {
  if (!existsSync(MOUNT)) return [];
  if (existsSync(join(MOUNT, "cgroup.controllers"))) return [MOUNT];
  return readdirSync(MOUNT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(MOUNT, entry.name));
}

export function createCgroup(cgroup: string): void {
  for (const hierarchy of hierarchies()) {
    const folder = join(hierarchy, cgroup);
    mkdirSync(folder, { recursive: true });
    // A new v1 cpuset is empty, and no process may enter an empty one.
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      if (hierarchy !== MOUNT && existsSync(join(hierarchy, file))) {
        writeFileSync(join(folder, file), readFileSync(join(hierarchy, file)));
      }
    }
  }
}

/** Folders of a cgroup and everything below it, deepest first. */
function tree(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...below.flatMap((entry) => tree(join(folder, entry.name))), folder];
}

function foldersOf(cgroup: string): string[] {
  return hierarchies().flatMap((hierarchy) => tree(join(hierarchy, cgroup)));
}

/** Pids of every process in the cgroup or below it. */
export function processesIn(cgroup: string): number[] {
  const pids = foldersOf(cgroup).flatMap((folder) => {
    try {
      return readFileSync(join(folder, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
    } catch {
      return [];
    }
  });
  return [...new Set(pids)];
}

/** Removes what can be removed and returns the folders that are left. */
export function removeCgroup(cgroup: string): string[] {
  for (const folder of foldersOf(cgroup)) {
    try {
      rmdirSync(folder);
    } catch {
      // In use or already removed: what stays is returned.
    }
  }
  return foldersOf(cgroup);
}
