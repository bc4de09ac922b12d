import { undoAnnotation } from "../../operator/deployment/names.ts";
import { patched } from "../cluster/changes.ts";
import { nameOf, namespaceOf, pathOf, type Resource, resourceNamed } from "../cluster/resources.ts";
import type { Context } from "../context.ts";
import type { Input } from "../input.ts";
import { confirmed, report } from "../output.ts";
import { isRemembered, kept, previous } from "../rollout/revisions.ts";
import { waitFor } from "../waiting.ts";
import { type Command, resourceArgument } from "./command.ts";
import { named } from "./pause.ts";

const rights = ["get and patch cctelegramdeployments.cctelegram.io"];

export const rollback: Command = {
  path: ["rollback"],
  summary: "Go back to the revision that worked: out of a rollout that goes on, or to the one before",
  arguments: [resourceArgument],
  writes: true,
  examples: ["rollback team"],
  rights,
  async run(context, input) {
    const resource = await named(context, input);
    await goBack(context, input, resource, previous(resource));
  },
};

export const undo: Command = {
  path: ["undo"],
  summary: "Go back to a revision that is kept",
  arguments: [resourceArgument],
  options: [{ flags: "--to <revision>", description: "Its number; default: the last one that worked before" }],
  writes: true,
  examples: ["undo team", "undo team --to 3"],
  rights,
  async run(context, input) {
    const resource = await named(context, input);
    const revision = input.number("to", { min: 1 });
    await goBack(context, input, resource, revision === undefined ? previous(resource) : kept(resource, revision));
  },
};

async function goBack(context: Context, input: Input, resource: Resource, revision: number): Promise<void> {
  const name = nameOf(resource);
  await confirmed(context, input, `Have ${name} go back to revision ${revision}?`);
  if (isRemembered(resource, revision) && !input.dryRun) await takeBack(context, input, resource, revision);
  await ask(context, input, resource, String(revision));
  report(
    context,
    input,
    `${name} goes back to revision ${revision}: kubectl cctelegram status ${name} shows how far it is`,
  );
}

/** The same wish as before is none: the operator has to see that there was no wish in between. */
async function takeBack(context: Context, input: Input, resource: Resource, revision: number): Promise<void> {
  const [namespace, name] = [namespaceOf(resource), nameOf(resource)];
  await ask(context, input, resource, null);
  await waitFor(context, {
    what: `The former wish for revision ${revision}`,
    timeoutMs: 60_000,
    look: async () => {
      const now = await resourceNamed(context.cluster().api, namespace, name);
      return isRemembered(now, revision) ? { state: "the operator remembers it" } : { done: true };
    },
    end: () => "The operator has forgotten the former wish",
  });
}

function ask({ cluster }: Context, input: Input, resource: Resource, value: string | null): Promise<unknown> {
  const patch = { metadata: { annotations: { [undoAnnotation]: value } } };
  return patched(cluster().api, pathOf(namespaceOf(resource), nameOf(resource)), patch, input);
}
