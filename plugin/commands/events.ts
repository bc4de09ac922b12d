import { events as eventType } from "../../operator/deployment/resource-types.ts";
import { resourcePath } from "../../operator/runtime/resource-type.ts";
import { childrenOf } from "../cluster/children.ts";
import { nameOf, namespaceOf, type Resource } from "../cluster/resources.ts";
import type { Context } from "../context.ts";
import { present } from "../output.ts";
import { type EventView, eventsText, eventViews } from "../rendering/events.ts";
import { type Command, resourceArgument } from "./command.ts";
import { chosen } from "./status.ts";

const lookMs = 2_000;

export const events: Command = {
  path: ["events"],
  summary: "Show the events of a resource and of everything that belongs to it, the newest last",
  arguments: [{ ...resourceArgument, optional: true }],
  options: [
    { flags: "-w, --watch", description: "Go on until Ctrl-C" },
    { flags: "--warnings", description: "Only warnings" },
  ],
  output: ["json", "yaml"],
  allNamespaces: true,
  examples: ["events team", "events team --warnings", "events -A -w"],
  rights: ["get and list cctelegramdeployments.cctelegram.io", "list events", "list the kinds of its children"],
  async run(context, input) {
    const resources = await chosen(context, input);
    const look = async () => {
      const found = (await Promise.all(resources.map((resource) => eventsOf(context, resource)))).flat();
      return input.flag("warnings") ? found.filter(({ type }) => type === "Warning") : found;
    };
    const seen = await look();
    present(context, input, seen, () => eventsText(seen, { now: context.now(), style: context.terminal.style }));
    if (input.flag("watch")) await watch(context, seen, look);
  },
};

export async function eventsOf({ cluster }: Context, resource: Resource): Promise<EventView[]> {
  const { api } = cluster();
  const namespace = namespaceOf(resource);
  const [{ objects }, all] = await Promise.all([
    childrenOf(api, resource),
    api.list(resourcePath(eventType, { namespace })),
  ]);
  const names = objects.map((object) => `${object.kind}/${nameOf(object)}`);
  return eventViews(all, new Set([`CCTelegramDeployment/${nameOf(resource)}`, ...names]));
}

/** Prints what was not there before, until Ctrl-C. */
async function watch(
  { terminal, now, sleep, signal }: Context,
  before: readonly EventView[],
  look: () => Promise<EventView[]>,
): Promise<void> {
  const idOf = (event: EventView) => JSON.stringify(event);
  const shown = new Set(before.map(idOf));
  while (!signal.aborted) {
    await sleep(lookMs);
    const fresh = (await look()).filter((event) => !shown.has(idOf(event)));
    for (const event of fresh) shown.add(idOf(event));
    if (fresh.length > 0)
      terminal.print(eventsText(fresh, { now: now(), style: terminal.style }).split("\n").slice(1).join("\n"));
  }
}
