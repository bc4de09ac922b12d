import { dump } from "js-yaml";
import type { Format } from "./commands/command.ts";
import type { Context } from "./context.ts";
import type { Input } from "./input.ts";
import { problems } from "./problems.ts";

/** Prints data for a program, or as text for people. */
export function present({ terminal }: Context, input: Input, data: unknown, text: () => string): void {
  terminal.print(formatted(input.format, data) ?? text());
}

function formatted(format: Format | undefined, data: unknown): string | undefined {
  if (format === "json") return JSON.stringify(data, null, 2);
  return format === "yaml" ? dump(data, { noRefs: true, lineWidth: 120 }).trimEnd() : undefined;
}

/** Asks before something that cannot be taken back, or that others notice. With --dry-run nothing is done, so nobody is asked. */
export async function confirmed({ terminal }: Context, input: Input, question: string): Promise<void> {
  if (input.yes || input.dryRun) return;
  const answer = await terminal.confirm(question);
  if (answer === undefined) throw problems.needsYes(question);
  if (!answer) throw problems.declined();
}

/** What a command has done, or would do. */
export function report({ terminal }: Context, input: Input, done: string): void {
  terminal.print(input.dryRun ? `${done} (dry run: nothing was changed)` : done);
}
