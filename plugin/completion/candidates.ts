import type { Command, CommandOption, Completion } from "../commands/command.ts";

export type Candidate = { readonly word: string; readonly description: string };

/** What the word that is being typed may be: words that are known, or names that the cluster knows. */
export type Candidates = {
  readonly known: readonly Candidate[];
  readonly ask?: Extract<Completion, string>;
  readonly resource?: string;
};

export type CommandTree = {
  readonly commands: readonly Command[];
  readonly groups: readonly { readonly path: string; readonly summary: string }[];
  readonly optionsOf: (command: Command) => readonly CommandOption[];
};

const none: Candidates = { known: [] };

/** `words` are those after the program's name; the last one is being typed and may be empty. */
export function candidates(words: readonly string[], tree: CommandTree): Candidates {
  const [typed = ""] = words.slice(-1);
  const before = words.slice(0, -1);
  const command = commandIn(before, tree.commands);
  if (command === undefined) return { known: matching(nextWords(before, tree), typed) };
  const { pending, positionals } = read(before.slice(command.path.length), tree.optionsOf(command));
  if (pending !== undefined) return forValue(pending, positionals, typed);
  if (typed.startsWith("-")) return { known: matching(tree.optionsOf(command).flatMap(optionWords), typed) };
  const argument = command.arguments[positionals.length] ?? command.arguments.findLast(({ many }) => many);
  return completed(argument?.completion, positionals, typed);
}

const commandIn = (words: readonly string[], commands: readonly Command[]) =>
  commands.find(({ path }) => path.every((word, index) => words[index] === word));

/** Names of commands, at the place where the next word stands. */
function nextWords(before: readonly string[], { commands, groups }: CommandTree): readonly Candidate[] {
  const isVisible = ({ path }: Command) => !path.some((word) => word.startsWith("_"));
  const found = [
    ...groups.map(({ path, summary }) => ({ path: [path], summary })),
    ...commands.filter(isVisible).map(({ path, summary }) => ({ path, summary })),
  ].filter(({ path }) => path.length === before.length + 1 && before.every((word, index) => path[index] === word));
  return found.map(({ path, summary }) => ({ word: path.at(-1) ?? "", description: summary }));
}

type Read = { readonly pending: CommandOption | undefined; readonly positionals: readonly string[] };

/** Which option waits for its value, and which arguments stand there already. */
function read(words: readonly string[], options: readonly CommandOption[]): Read {
  let pending: CommandOption | undefined;
  const positionals: string[] = [];
  for (const word of words) {
    if (pending !== undefined) pending = undefined;
    else if (word.startsWith("-"))
      pending = options.find((option) => takesValue(option) && namesOf(option).includes(word));
    else positionals.push(word);
  }
  return { pending, positionals };
}

const takesValue = ({ flags }: CommandOption) => flags.includes("<");
const namesOf = ({ flags }: CommandOption) => flags.replace(/ <.*$/, "").split(", ");

const optionWords = (option: CommandOption): readonly Candidate[] =>
  namesOf(option).map((word) => ({ word, description: option.description }));

function forValue({ values, completion }: CommandOption, positionals: readonly string[], typed: string): Candidates {
  return values === undefined ? completed(completion, positionals, typed) : completed(values, positionals, typed);
}

function completed(completion: Completion | undefined, [resource]: readonly string[], typed: string): Candidates {
  if (completion === undefined) return none;
  if (typeof completion !== "string")
    return {
      known: matching(
        completion.map((word) => ({ word, description: "" })),
        typed,
      ),
    };
  return { known: [], ask: completion, ...(resource === undefined ? {} : { resource }) };
}

export const matching = (found: readonly Candidate[], typed: string): readonly Candidate[] =>
  found.filter(({ word }) => word.startsWith(typed));

/** Values of options that choose the cluster, wherever they stand. */
export function clusterOptions(words: readonly string[]): Readonly<Record<string, string>> {
  const names: Readonly<Record<string, string>> = {
    "-n": "namespace",
    "--namespace": "namespace",
    "--context": "context",
    "--kubeconfig": "kubeconfig",
  };
  return Object.fromEntries(
    words.flatMap((word, index) => {
      const [flag = "", inline] = word.split("=", 2);
      const [name, value] = [names[flag], inline ?? words[index + 1]];
      return name === undefined || value === undefined ? [] : [[name, value]];
    }),
  );
}
