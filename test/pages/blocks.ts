import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A fenced block of a page, without the indentation of a list around it. */
export type Block = {
  readonly heading: string;
  /** Number of its first line in the page. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
};

/** A command of a page, and what the page shows as its output: nothing, if the block is a script. */
export type Command = {
  /** "HEADING › COMMAND": tables name a command by a part of it. */
  readonly name: string;
  readonly line: number;
  readonly text: string;
  readonly shown: readonly string[];
};

export const pageNames = [
  "adoption",
  "backup",
  "backup-kubernetes",
  "day-two",
  "environments",
  "image",
  "kubectl-plugin",
  "operator",
  "rollout",
  "scaling",
  "secrets",
  "upgrade",
] as const;
export type PageName = (typeof pageNames)[number];

export const readPage = (page: PageName): string =>
  readFileSync(join(import.meta.dirname, `../../docs/${page}.md`), "utf8");

export function blocksIn(page: string): Block[] {
  const blocks: Block[] = [];
  let heading = "";
  let open: { readonly indent: number; readonly line: number; readonly language: string; text: string[] } | undefined;
  for (const [index, line] of page.split("\n").entries()) {
    const fence = /^( *)```(\w*)$/.exec(line);
    if (fence && open) {
      blocks.push({ heading, line: open.line, language: open.language, text: open.text.join("\n") });
      open = undefined;
    } else if (fence) {
      const [, indent = "", language = ""] = fence;
      open = { indent: indent.length, line: index + 2, language, text: [] };
    } else if (open) open.text.push(line.slice(open.indent));
    else heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading;
  }
  return blocks;
}

export function commandsOf(block: Block): Command[] {
  if (block.language === "console") return shownCommands(block);
  return ["sh", "bash"].includes(block.language) ? scriptCommands(block) : [];
}

const nameOf = (heading: string, text: string) => `${heading} › ${text.replace(/\s+/g, " ")}`;

/** A line that ends with a backslash or a pipe goes on in the next one, and a group until its brace. */
function scriptCommands({ heading, line, text }: Block): Command[] {
  const commands: Command[] = [];
  let begun: { readonly line: number; text: string } | undefined;
  for (const [index, each] of text.split("\n").entries()) {
    if (!begun && /^\s*(#|$)/.test(each)) continue;
    begun = begun ? { ...begun, text: `${begun.text}\n${each}` } : { line: line + index, text: each };
    if (/[\\|]$/.test(each) || (begun.text.startsWith("{") && !each.startsWith("}"))) continue;
    commands.push({ name: nameOf(heading, begun.text), ...begun, shown: [] });
    begun = undefined;
  }
  if (begun) throw new Error(`a command goes on after the end of its block: ${begun.text}`);
  return commands;
}

/** Commands of a console follow a dollar sign; the other lines are what they print. */
function shownCommands({ heading, line, text }: Block): Command[] {
  const commands: (Command & { shown: string[] })[] = [];
  for (const [index, each] of text.split("\n").entries()) {
    const command = /^\$ (.*)$/.exec(each)?.[1];
    if (command) commands.push({ name: nameOf(heading, command), line: line + index, text: command, shown: [] });
    else if (each !== "") commands.at(-1)?.shown.push(each);
  }
  return commands;
}

export const commandsIn = (page: PageName): Command[] => blocksIn(readPage(page)).flatMap(commandsOf);

/** What differs each time: ages, times, and what is generated. */
const variable =
  /(?<=-mcp-server-)[0-9a-f]+-\w{5}\b|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{8}-\d{6}|\b\d+[smhd]\b|\s{2,}/g;

/** Matches a line of output that is shown in a page, whenever it is printed. */
export function patternOf(shown: string): RegExp {
  const parts = shown.split(variable).map((part) => RegExp.escape(part));
  const between = [...shown.matchAll(variable)].map(([found]) => patternBetween(found));
  return new RegExp(`^${parts.map((part, index) => part + (between[index] ?? "")).join("")}$`, "m");
}

function patternBetween(found: string): string {
  if (/^\s/.test(found)) return " +";
  return found.length > 4 ? String.raw`[\w-]+` : String.raw`\d+[smhd]\w*`;
}
