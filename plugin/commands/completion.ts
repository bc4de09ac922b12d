import { clientsOf, nameOf, resourceNamed, resourcesIn } from "../cluster/resources.ts";
import { type Candidate, type CommandTree, candidates, clusterOptions, matching } from "../completion/candidates.ts";
import { completionScript, shells } from "../completion/scripts.ts";
import type { Context } from "../context.ts";
import { problems } from "../problems.ts";
import type { Command } from "./command.ts";

export const completion: Command = {
  path: ["completion"],
  summary: "Print the completion of a shell",
  details:
    "kubectl itself completes the plugin when the program kubectl_complete-cctelegram, which npm installs, is in the PATH.",
  arguments: [{ name: "shell", description: "Which one", completion: shells }],
  examples: ["completion bash > /etc/bash_completion.d/kubectl-cctelegram", "completion fish | source"],
  rights: [],
  async run({ terminal }, input) {
    const shell = shells.find((known) => known === input.argument("shell"));
    if (shell === undefined) throw problems.badOption("shell", `must be ${shells.join(", ")}`);
    terminal.print(completionScript(shell).trimEnd());
  },
};

/** Asked by the scripts: the words that may come next, one a line, each with what it is. */
export const complete = (tree: CommandTree): Command => ({
  path: ["__complete"],
  summary: "Words that may come next",
  arguments: [{ name: "words", description: "Those typed so far", optional: true, many: true }],
  examples: [],
  rights: [],
  clusterOptions: (input) => clusterOptions(input.many("words")),
  async run(context, input) {
    const words = input.many("words");
    const found = candidates(words, tree);
    const [typed = ""] = words.slice(-1);
    // Nobody wants to read of an error while typing.
    const asked = found.ask === undefined ? [] : await fromCluster(context, found.ask, found.resource).catch(() => []);
    for (const { word, description } of [...found.known, ...matching(asked, typed)]) {
      context.terminal.print(`${word}\t${description}`);
    }
  },
});

async function fromCluster(
  { cluster }: Context,
  what: "resources" | "clients",
  resource: string | undefined,
): Promise<readonly Candidate[]> {
  const { api, namespace } = cluster();
  if (what === "resources") {
    return (await resourcesIn(api, namespace)).map((found) => ({ word: nameOf(found), description: "resource" }));
  }
  if (resource === undefined) return [];
  return clientsOf(await resourceNamed(api, namespace, resource)).map(({ name }) => ({
    word: name,
    description: "client",
  }));
}
