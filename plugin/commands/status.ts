import { podsOf, type Resource, resourceNamed, resourcesIn } from "../cluster/resources.ts";
import type { Context } from "../context.ts";
import type { Input } from "../input.ts";
import { present } from "../output.ts";
import { problems } from "../problems.ts";
import { statusText } from "../rendering/status.ts";
import { statusView } from "../rendering/status-view.ts";
import { type Command, resourceArgument } from "./command.ts";

export const status: Command = {
  path: ["status"],
  summary: "Show how resources are: parts, pods, and why something is not well with what to do",
  details: "Without a name it shows all of the namespace.",
  arguments: [{ ...resourceArgument, optional: true }],
  options: [{ flags: "--exit-code", description: "End with 7 when one of them is not ready" }],
  output: ["json", "yaml", "wide"],
  allNamespaces: true,
  examples: ["status", "status team", "status -A --exit-code"],
  rights: ["get and list cctelegramdeployments.cctelegram.io", "list pods"],
  async run(context, input) {
    const { api } = context.cluster();
    const resources = await chosen(context, input);
    const views = await Promise.all(
      resources.map(async (resource) => statusView(resource, await podsOf(api, resource))),
    );
    const look = { style: context.terminal.style, now: context.now(), wide: input.format === "wide" };
    present(context, input, views, () => statusText(views, look));
    const troubled = views.filter(({ state }) => state !== "ok").map(({ name }) => name);
    if (input.flag("exit-code") && troubled.length > 0) throw problems.notReady(troubled);
  },
};

/** The one that was named, or all. */
export async function chosen({ cluster }: Context, input: Input): Promise<readonly Resource[]> {
  const { api, namespace } = cluster();
  const name = input.optional("resource");
  if (name !== undefined) return [await resourceNamed(api, namespace, name)];
  const found = await resourcesIn(api, input.allNamespaces ? undefined : namespace);
  if (found.length > 0) return found;
  throw problems.noResources(input.allNamespaces ? "in this cluster" : `in namespace ${namespace}`);
}
