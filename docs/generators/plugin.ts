import type { Command, CommandArgument, CommandOption } from "../../plugin/commands/command.ts";
import { commands } from "../../plugin/commands/registry.ts";
import { exitCodeMeanings } from "../../plugin/exit-codes.ts";
import { commonOptions, ownOptionsOf, programName } from "../../plugin/program.ts";
import { code, codes, page, table } from "./markdown.ts";

const introduction = `Every command of the plugin. [kubectl-plugin.md](../kubectl-plugin.md) says how to install it, and shows what its commands print.`;

/** The reference of `kubectl cctelegram`, in the order of its help. */
export function pluginPage(): string {
  return page("kubectl cctelegram", "plugin/commands", [
    introduction,
    "## Options of every command",
    optionTable(commonOptions),
    "Commands that change something also have `--yes` and `--dry-run`; those that print data have `-o`. `NO_COLOR` turns colours off; elsewhere than on a terminal there are none.",
    "## Exit codes",
    table(
      ["Code", "Meaning"],
      exitCodeMeanings.map(([number, meaning]) => [code(String(number)), meaning]),
    ),
    ...commands.flatMap(section),
  ]);
}

function section(command: Command): string[] {
  const { path, summary, details, arguments: given, examples, rights } = command;
  const options = ownOptionsOf(command);
  const usage = [programName, ...path, ...given.map(argumentText), ...(options.length === 0 ? [] : ["[options]"])].join(
    " ",
  );
  return [
    `## ${path.join(" ")}`,
    `${summary}.${details === undefined ? "" : ` ${details}`}`,
    `\`\`\`text\n${usage}\n\`\`\``,
    ...(given.length === 0 ? [] : [argumentTable(given)]),
    ...(options.length === 0 ? [] : [optionTable(options)]),
    ...(rights.length === 0 ? [] : [`Rights that it takes: ${rights.join("; ")}.`]),
    `\`\`\`sh\n${examples.map((example) => `${programName} ${example}`).join("\n")}\n\`\`\``,
  ];
}

function argumentText({ name, optional, many }: CommandArgument): string {
  const text = many ? `${name}...` : name;
  return optional ? `[${text}]` : `<${text}>`;
}

const argumentTable = (given: readonly CommandArgument[]) =>
  table(
    ["Argument", "Meaning"],
    given.map((argument) => [
      code(argumentText(argument)),
      Array.isArray(argument.completion)
        ? `${argument.description}: ${codes(argument.completion)}`
        : argument.description,
    ]),
  );

const optionTable = (options: readonly CommandOption[]) =>
  table(
    ["Option", "Meaning", "Values", "Default"],
    options.map(({ flags, description, values = [], default: fallback = "" }) => [
      code(flags),
      description,
      codes(values),
      code(fallback),
    ]),
  );
