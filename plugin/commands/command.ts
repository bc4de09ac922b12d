import type { Context } from "../context.ts";
import type { Input } from "../input.ts";

const formats = ["json", "yaml", "wide"] as const;

export type Format = (typeof formats)[number];

/** What a word of the command line can be completed with. */
export type Completion = "resources" | "clients" | readonly string[];

export type CommandArgument = {
  readonly name: string;
  readonly description: string;
  readonly optional?: true;
  readonly many?: true;
  readonly completion?: Completion;
};

export type CommandOption = {
  /** Such as "-f, --follow" or "--since <duration>". */
  readonly flags: string;
  readonly description: string;
  readonly values?: readonly string[];
  readonly default?: string;
  /** May be given several times. */
  readonly many?: true;
  readonly completion?: Completion;
};

/** One command: its words, what it takes, and what it does. Program, help, completion and reference derive from it. */
export type Command = {
  /** Such as ["keys", "rotate"]. */
  readonly path: readonly string[];
  readonly summary: string;
  /** What the summary leaves open. */
  readonly details?: string;
  readonly arguments: readonly CommandArgument[];
  readonly options?: readonly CommandOption[];
  /** Forms of -o that it knows. */
  readonly output?: readonly Format[];
  /** It takes -A. */
  readonly allNamespaces?: true;
  /** It changes something: takes --yes and --dry-run. */
  readonly writes?: true;
  /** Lines to try. */
  readonly examples: readonly string[];
  /** Rights that it takes, such as "get secrets". */
  readonly rights: readonly string[];
  /** What chooses the cluster, where that stands elsewhere than in its own options. */
  readonly clusterOptions?: (input: Input) => Readonly<Record<string, string>>;
  run(context: Context, input: Input): Promise<void>;
};

/** The argument that most commands have. */
export const resourceArgument: CommandArgument = {
  name: "resource",
  description: "Name of the CCTelegramDeployment",
  completion: "resources",
};
