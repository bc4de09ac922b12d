export type Level = "none" | "control-plane" | "nodes";

export type Machine = {
  readonly linux: boolean;
  readonly root: boolean;
  readonly debian: boolean;
  readonly ubuntu: boolean;
  readonly go: boolean;
  /** Packages of PACKAGES that are not installed. */
  readonly missing: readonly string[];
};

export const PACKAGES: Readonly<Record<"control-plane" | "images" | "nodes" | "tests", readonly string[]>>;
export function inspectMachine(): Machine;
export function notInstalled(names: readonly string[], status: string): string[];
export function missingPackages(level: Level, machine: Pick<Machine, "missing">): string[];
export function missingTestPackages(machine: Pick<Machine, "missing" | "root" | "debian" | "ubuntu">): string[];
export function obstacles(level: Level, machine: Machine): string[];
export function reachable(level: Level, machine: Machine): Level;
export function explain(level: Level, machine: Machine): string;
export function afterFailedInstall(level: Level): string;
