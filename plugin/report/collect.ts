import { dump } from "js-yaml";
import { fieldManager as operatorName } from "../../operator/deployment/names.ts";
import { customResourceDefinitions, deployments, pods, secrets } from "../../operator/deployment/resource-types.ts";
import type { KubernetesObject } from "../../operator/runtime/kubernetes-object.ts";
import { resourcePath } from "../../operator/runtime/resource-type.ts";
import { Bridge } from "../cluster/bridge.ts";
import { type Children, childrenOf } from "../cluster/children.ts";
import { containersOf, logLines } from "../cluster/logs.ts";
import { nameOf, namespaceOf, type Resource, type Secret } from "../cluster/resources.ts";
import { eventsOf } from "../commands/events.ts";
import type { Context } from "../context.ts";
import { eventsText } from "../rendering/events.ts";
import { statusText } from "../rendering/status.ts";
import { statusView } from "../rendering/status-view.ts";
import { plain } from "../terminal/style.ts";
import type { Progress } from "../terminal/terminal.ts";
import { scrubber, shownObject } from "./scrub.ts";
import type { Entry } from "./tar.ts";

const mostLines = 5_000;

/** Everything that helps to find out what is wrong, without secrets. What cannot be had is named instead. */
export async function collect(context: Context, resource: Resource, progress: Progress): Promise<Entry[]> {
  const { api } = context.cluster();
  progress.state("objects");
  const children = await childrenOf(api, resource);
  const operator = await tried(() =>
    api.list(resourcePath(pods), { labelSelector: `app.kubernetes.io/name=${operatorName}` }),
  );
  const clean = scrubber(await secretValues(context, resource, children));
  const podsHere = children.objects.filter(({ kind }) => kind === "Pod");
  const parts = [
    ...objectEntries(resource, children),
    statusEntry(context, resource, podsHere),
    {
      path: "events.txt",
      content: eventsText(await eventsOf(context, resource), { now: context.now(), style: plain }),
    },
    await definitionEntry(context),
    ...(await bridgeEntries(context, resource, progress)),
    ...(await operatorEntries(context, progress, operator)),
    ...(await logEntries(context, progress, podsHere, "logs")),
  ];
  const folder = `cctelegram-report-${nameOf(resource)}`;
  const readme = { path: "README.txt", content: readmeText(resource, children, context.now()) };
  return [readme, ...parts].map(({ path, content }) => ({ path: `${folder}/${clean(path)}`, content: clean(content) }));
}

/**
 * Values of all Secrets of the namespace that the user may read: any of them may have got into a log or a variable. What Helm keeps there is the
 * manifests of releases, which stand elsewhere, too.
 */
async function secretValues(
  { cluster }: Context,
  resource: Resource,
  { objects }: Children,
): Promise<readonly string[]> {
  const path = resourcePath(secrets, { namespace: namespaceOf(resource) });
  const all = await tried(() => cluster().api.list<Secret>(path, { fieldSelector: "type!=helm.sh/release.v1" }));
  const own = objects.filter(({ kind }) => kind === "Secret") as Secret[];
  return (Array.isArray(all) ? all : own)
    .flatMap(({ data }) => Object.values(data ?? {}))
    .map((value) => Buffer.from(value, "base64").toString());
}

function objectEntries(resource: Resource, { objects }: Children): Entry[] {
  const whole = { ...resource, kind: "CCTelegramDeployment" };
  return [
    { path: "resource.yaml", content: dump(shownObject(whole)) },
    ...objects.map((object) => ({
      path: `objects/${object.kind}-${nameOf(object)}.yaml`,
      content: dump(shownObject(object)),
    })),
  ];
}

function statusEntry({ now }: Context, resource: Resource, pods: readonly KubernetesObject[]): Entry {
  const look = { style: plain, now: now(), wide: true };
  return { path: "status.txt", content: `${statusText([statusView(resource, pods)], look)}\n` };
}

async function definitionEntry({ cluster }: Context): Promise<Entry> {
  const path = resourcePath(customResourceDefinitions, { name: "cctelegramdeployments.cctelegram.io" });
  return {
    path: "definition.yaml",
    content: dump(await tried(async () => shownObject(await cluster().api.get(path)))),
  };
}

async function bridgeEntries({ cluster }: Context, resource: Resource, progress: Progress): Promise<Entry[]> {
  progress.state("the bridge");
  const bridge = new Bridge(cluster(), resource);
  const [status, monitoring] = [await tried(() => bridge.status()), await tried(() => bridge.monitoring())];
  return [
    { path: "bridge/status.json", content: JSON.stringify(status, null, 2) },
    { path: "bridge/monitoring.json", content: JSON.stringify(monitoring, null, 2) },
  ];
}

async function operatorEntries(
  context: Context,
  progress: Progress,
  operator: Tried<KubernetesObject[]>,
): Promise<Entry[]> {
  if (!Array.isArray(operator))
    return [{ path: "operator/README.txt", content: `Not readable: ${operator.missing}\n` }];
  const path = resourcePath(deployments);
  const found = await tried(() =>
    context.cluster().api.list(path, { labelSelector: `app.kubernetes.io/name=${operatorName}` }),
  );
  const shown = Array.isArray(found) ? found.map(shownObject) : found;
  return [
    { path: "operator/deployment.yaml", content: dump(shown) },
    ...(await logEntries(context, progress, operator, "operator/logs")),
  ];
}

async function logEntries(
  { cluster }: Context,
  progress: Progress,
  found: readonly KubernetesObject[],
  folder: string,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const pod of found) {
    progress.state(`logs of ${nameOf(pod)}`);
    for (const container of containersOf(pod)) {
      const read = (previous: boolean) => async () => {
        const query = { tailLines: mostLines, ...(previous ? { previous } : {}) };
        return (await Array.fromAsync(logLines(cluster().api, { pod, container }, query))).join("\n");
      };
      const [now, before] = [await tried(read(false)), await tried(read(true))];
      const path = `${folder}/${nameOf(pod)}.${container}`;
      entries.push({ path: `${path}.log`, content: typeof now === "string" ? now : now.missing });
      // Most containers never restarted.
      if (typeof before === "string") entries.push({ path: `${path}.previous.log`, content: before });
    }
  }
  return entries;
}

type Tried<T> = T | { readonly missing: string };

/** What cannot be had is told in its place: a report is made when something does not work. */
async function tried<T>(get: () => Promise<T>): Promise<Tried<T>> {
  try {
    return await get();
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

function readmeText(resource: Resource, { hidden }: Children, now: number): string {
  return `Support bundle of ${namespaceOf(resource)}/${nameOf(resource)}, ${new Date(now).toISOString()}.

Values of Secrets are left out, and wherever else they stood there is "[removed]"; so is what looks like a token or a key. Read it before you
give it to others: it has names of clients, ids of chats and people, addresses, and titles of approvals.
${hidden.length === 0 ? "" : `\nNot readable for this user: ${hidden.join(", ")}.\n`}${hidden.includes("Secret") ? "Secrets could not be read, so only what looks like one was taken out.\n" : ""}`;
}
