import { join } from "node:path";

/** Names the folder with the bundles of this run. */
export const PROGRAMS_VARIABLE = "CCTELEGRAM_TEST_PROGRAMS";

/** Programs that tests start, by their files. */
export const programs = {
  server: "server/main.ts",
  operator: "operator/main.ts",
  telegram: "test/telegram/main.ts",
  /** The role `serve` with tools that ask, take their time and so on. */
  conformance: "conformance/server.ts",
  /** A bridge whose configuration is an argument. */
  bridge: "test/server/bridge/process.ts",
} as const;

export type ProgramName = keyof typeof programs;

/**
 * The file to start: the bundle, as an image has it, which is there in a third of the time; without bundles the source.
 */
export function programOf(name: ProgramName): string {
  const folder = process.env[PROGRAMS_VARIABLE];
  return folder === undefined ? join(import.meta.dirname, "../..", programs[name]) : join(folder, name, "main.js");
}
