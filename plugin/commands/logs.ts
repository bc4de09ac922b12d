import { fieldManager as operatorName } from "../../operator/deployment/names.ts";
import { pods } from "../../operator/deployment/resource-types.ts";
import type { KubernetesObject } from "../../operator/runtime/kubernetes-object.ts";
import { resourcePath } from "../../operator/runtime/resource-type.ts";
import type { Query } from "../cluster/api.ts";
import { containersOf, logLines } from "../cluster/logs.ts";
import { nameOf, podsOf, type Resource, resourceNamed } from "../cluster/resources.ts";
import type { Context } from "../context.ts";
import type { Input } from "../input.ts";
import { problems } from "../problems.ts";
import { type Level, levels, logLine } from "../rendering/logs.ts";
import { type Command, resourceArgument } from "./command.ts";

const parts = ["all", "server", "bridge", "operator"] as const;

type Part = (typeof parts)[number];

const components: Readonly<Record<Exclude<Part, "operator">, string | undefined>> = {
  all: undefined,
  server: "mcp-server",
  bridge: "bridge",
};

/** While following: how often new pods are looked for. */
const lookMs = 2_000;

export const logs: Command = {
  path: ["logs"],
  summary: "Show the logs of servers and bridge together, or of the operator",
  details: "Lines of JSON are shown for people; -o json leaves them as they are.",
  arguments: [resourceArgument],
  options: [
    { flags: "-c, --component <part>", description: "Whose logs", values: parts, default: "all" },
    { flags: "-f, --follow", description: "Go on until Ctrl-C, also with pods that come later" },
    { flags: "--since <duration>", description: "Only lines of the last time, such as 10m" },
    { flags: "--tail <lines>", description: "At most so many of the last lines of each pod" },
    { flags: "--level <level>", description: "Only lines of that level and above", values: levels },
    { flags: "-p, --previous", description: "Of the containers before the last restart" },
  ],
  output: ["json"],
  examples: ["logs team", "logs team -c bridge --since 1h --level warn", "logs team -f"],
  rights: ["get cctelegramdeployments.cctelegram.io", "list pods", "get pods/log"],
  async run(context, input) {
    const { api, namespace } = context.cluster();
    const resource = await resourceNamed(api, namespace, input.argument("resource"));
    const part = (input.text("component") ?? "all") as Part;
    const found = await podsFor(context, resource, part);
    if (found.length === 0) throw problems.noPod(part === "all" ? "server or bridge" : part, nameOf(resource));
    if (input.flag("follow")) return follow(context, input, () => podsFor(context, resource, part));
    for (const pod of found) await showAll(context, input, pod);
  },
};

async function podsFor({ cluster }: Context, resource: Resource, part: Part): Promise<readonly KubernetesObject[]> {
  const { api } = cluster();
  if (part !== "operator") return podsOf(api, resource, components[part]);
  return api.list(resourcePath(pods), { labelSelector: `app.kubernetes.io/name=${operatorName}` });
}

function queryOf(input: Input): Query {
  const since = input.duration("since");
  return {
    tailLines: input.number("tail"),
    ...(since === undefined ? {} : { sinceSeconds: Math.max(1, Math.ceil(since / 1_000)) }),
    ...(input.flag("previous") ? { previous: true } : {}),
  };
}

async function showAll(context: Context, input: Input, pod: KubernetesObject, more: Query = {}): Promise<void> {
  const [container] = containersOf(pod);
  if (container === undefined) return;
  const look = { style: context.terminal.style, level: input.text("level") as Level | undefined };
  for await (const line of logLines(context.cluster().api, { pod, container }, { ...queryOf(input), ...more })) {
    const shown = input.format === "json" ? line : logLine(nameOf(pod), line, look);
    if (shown !== undefined) context.terminal.print(shown);
  }
}

/** Until Ctrl-C. A pod that has not started yet is asked again; of one that was followed the log is not shown twice. */
async function follow(context: Context, input: Input, find: () => Promise<readonly KubernetesObject[]>): Promise<void> {
  const followed = new Set<string>();
  const begin = (pod: KubernetesObject) => {
    const uid = pod.metadata.uid ?? nameOf(pod);
    if (followed.has(uid) || !hasStarted(pod)) return;
    followed.add(uid);
    void showAll(context, input, pod, { follow: true }).catch((error: Error) => {
      if (!context.signal.aborted) context.terminal.tell(`${nameOf(pod)}: ${error.message}`);
    });
  };
  while (!context.signal.aborted) {
    for (const pod of await find()) begin(pod);
    await context.sleep(lookMs);
  }
}

const hasStarted = ({ status }: KubernetesObject) => (status as { phase?: string } | undefined)?.phase !== "Pending";
