import type { run } from "./command.mjs";
import type { StepControl } from "./progress.mjs";

export type AptStatus = { readonly phase: "download" | "install"; readonly share: number; readonly text: string };

export function parseStatus(line: string): AptStatus | undefined;
export function installPackages(
  names: readonly string[],
  control: Pick<StepControl, "reached">,
  execute?: typeof run,
): Promise<void>;
