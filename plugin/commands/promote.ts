import { promoteAnnotation } from "../../operator/deployment/names.ts";
import { patched } from "../cluster/changes.ts";
import { nameOf, namespaceOf, pathOf, podsOf, type Resource, resourceNamed } from "../cluster/resources.ts";
import type { Context } from "../context.ts";
import type { Input } from "../input.ts";
import { confirmed, report } from "../output.ts";
import { proven } from "../rollout/proven.ts";
import { promotable } from "../rollout/revisions.ts";
import { type Command, resourceArgument } from "./command.ts";
import { named } from "./pause.ts";

export const promote: Command = {
  path: ["promote"],
  summary:
    "Let the revision take over that waits for it (rollout.promotion: Manual), or carry the proven image to another resource",
  details:
    "With --to the image that all ready servers of a ready resource run, by its digest, is written into another one, such as that of the next environment.",
  arguments: [resourceArgument],
  options: [
    { flags: "--revision <number>", description: "Only if it is this one that waits" },
    {
      flags: "--to <namespace/name>",
      description: "The resource that gets the image; the name is the same unless given",
    },
  ],
  writes: true,
  examples: ["promote team", "promote team -n staging --to production"],
  rights: ["get and patch cctelegramdeployments.cctelegram.io", "list pods (with --to)"],
  async run(context, input) {
    const resource = await named(context, input);
    const to = input.text("to");
    if (to !== undefined) return carry(context, input, resource, to);
    const revision = promotable(resource, input.number("revision", { min: 1 }));
    await confirmed(context, input, `Let revision ${revision} of ${nameOf(resource)} take over?`);
    const patch = { metadata: { annotations: { [promoteAnnotation]: String(revision) } } };
    await patched(context.cluster().api, pathOf(namespaceOf(resource), nameOf(resource)), patch, input);
    report(
      context,
      input,
      `Revision ${revision} of ${nameOf(resource)} takes over: kubectl cctelegram status ${nameOf(resource)} shows how far it is`,
    );
  },
};

async function carry(context: Context, input: Input, source: Resource, to: string): Promise<void> {
  const { api } = context.cluster();
  const [namespace = "", name = nameOf(source)] = to.split("/");
  const target = await resourceNamed(api, namespace, name);
  const image = proven(source, await podsOf(api, source, "mcp-server"));
  const where = `${namespaceOf(target)}/${nameOf(target)}`;
  if (target.spec.images?.server === image && target.spec.version === undefined)
    return report(context, input, `${where} has ${image} already`);
  await confirmed(context, input, `Have ${where} run ${image}?`);
  // A digest and a version beside it contradict each other.
  await patched(
    api,
    pathOf(namespaceOf(target), nameOf(target)),
    { spec: { version: null, images: { server: image } } },
    input,
  );
  report(context, input, `${where} gets ${image}, which ${namespaceOf(source)}/${nameOf(source)} has proven`);
}
