import { Argument, Option, Command as Program } from "commander";
import type { Command, CommandArgument, CommandOption } from "./commands/command.ts";
import { complete } from "./commands/completion.ts";
import { commands, groups } from "./commands/registry.ts";
import { Input } from "./input.ts";
import { version } from "./version.ts";

export const programName = "kubectl cctelegram";

/** Options of every command. */
export const commonOptions: readonly CommandOption[] = [
  { flags: "-n, --namespace <name>", description: "Namespace; default: that of the context" },
  { flags: "--context <name>", description: "Context of the kubeconfig" },
  { flags: "--kubeconfig <path>", description: "Path of the kubeconfig; default: KUBECONFIG, else ~/.kube/config" },
];

const allNamespaces: CommandOption = { flags: "-A, --all-namespaces", description: "Look in all namespaces" };

const writing: readonly CommandOption[] = [
  { flags: "-y, --yes", description: "Ask nothing" },
  {
    flags: "--dry-run",
    description: "Change nothing: the cluster judges the change, and the command says what it would do",
  },
];

/** Those that not every command has, in the order of its help. */
export function ownOptionsOf({ options = [], output = [], ...command }: Command): readonly CommandOption[] {
  const format = { flags: "-o, --output <format>", description: "Form of the output", values: output };
  return [
    ...options,
    ...(output.length === 0 ? [] : [format]),
    ...(command.allNamespaces ? [allNamespaces] : []),
    ...(command.writes ? writing : []),
  ];
}

/** All options of a command. */
const optionsOf = (command: Command): readonly CommandOption[] => [...ownOptionsOf(command), ...commonOptions];

export type Parsed = {
  readonly command: Command;
  readonly input: Input;
  readonly common: Readonly<Record<string, unknown>>;
};

type Sinks = { readonly out: (text: string) => void; readonly err: (text: string) => void };

/** The command line's program; `onCommand` gets what was typed. */
export function program(onCommand: (parsed: Parsed) => Promise<void>, { out, err }: Sinks): Program {
  const root = new Program(programName)
    .description("Operate CCTelegram on Kubernetes")
    .version(version)
    .exitOverride()
    .configureOutput({ writeOut: out, writeErr: err })
    .showHelpAfterError(`Run ${programName} help for all commands.`)
    .enablePositionalOptions();
  const parents = new Map<string, Program>([["", root]]);
  for (const { path, summary } of groups) {
    parents.set(path, root.command(path).description(summary));
  }
  // They may stand before the command, too.
  for (const parent of parents.values()) for (const option of commonOptions) parent.addOption(optionOf(option));
  for (const command of [...commands, complete({ commands, groups, optionsOf })]) add(parents, command, onCommand);
  return root;
}

function add(
  parents: ReadonlyMap<string, Program>,
  command: Command,
  onCommand: (parsed: Parsed) => Promise<void>,
): void {
  const parent = parents.get(command.path.slice(0, -1).join(" "));
  if (parent === undefined) throw new Error(`no group for ${command.path.join(" ")}`);
  const own = parent
    .command(command.path.at(-1) ?? "", { hidden: command.examples.length === 0 })
    .description(command.summary);
  for (const argument of command.arguments) own.addArgument(argumentOf(argument));
  for (const option of optionsOf(command)) own.addOption(optionOf(option));
  own.addHelpText("after", helpTail(command));
  own.action(async (...given: unknown[]) => {
    const values = Object.fromEntries(command.arguments.map(({ name }, index) => [name, given[index]]));
    const options = own.optsWithGlobals();
    const input = new Input({ arguments: values, options });
    await onCommand({ command, input, common: command.clusterOptions?.(input) ?? options });
  });
}

function argumentOf({ name, description, optional, many }: CommandArgument): Argument {
  const dots = many ? "..." : "";
  return new Argument(optional ? `[${name}${dots}]` : `<${name}${dots}>`, description);
}

function optionOf({ flags, description, values, default: fallback, many }: CommandOption): Option {
  const option = new Option(flags, description);
  if (values !== undefined) option.choices(values);
  if (fallback !== undefined) option.default(fallback);
  return many ? option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]) : option;
}

function helpTail({ details, examples }: Command): string {
  const lines = examples.map((example) => `  ${programName} ${example}`);
  return `${details === undefined ? "" : `\n${details}\n`}\nExamples:\n${lines.join("\n")}`;
}
