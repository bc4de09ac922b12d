import type { Installation } from "./installation.ts";
import type { Program } from "./program.ts";

/** What an attack has shown: figures for people, and what did not hold. Nothing in `failures`: it held. */
export type Outcome = { readonly measured: string; readonly failures: readonly string[] };

export type Scenario = { readonly name: string; readonly run: () => Promise<Outcome> };

/** Sentences that are true of what did not hold. */
export function failuresOf(claims: readonly (readonly [holds: boolean, otherwise: string])[]): string[] {
  return claims.filter(([holds]) => !holds).map(([, otherwise]) => otherwise);
}

/** The programs live, below their bounds of resident memory in MiB. */
export function survives({ server, bridge }: Installation, bounds: { server: number; bridge: number }): string[] {
  return [...survivesBelow("server", server, bounds.server), ...survivesBelow("bridge", bridge, bounds.bridge)];
}

function survivesBelow(name: string, program: Program, bound: number): string[] {
  if (!program.isAlive()) return [`${name} ${program.ending()} at ${program.memory().peak} MiB`];
  const { peak } = program.memory();
  return failuresOf([[peak <= bound, `${name} took ${peak} MiB, more than ${bound}`]]);
}

export function memoryOf({ server, bridge }: Installation): string {
  return `server ${figures(server)}, bridge ${figures(bridge)}`;
}

function figures(program: Program): string {
  const { now, peak } = program.memory();
  return program.isAlive() ? `${now} MiB (highest ${peak})` : `${program.ending()} at ${peak} MiB`;
}
