import { load } from "js-yaml";
import { backupNamed, progressOf, resourceManifest } from "../cluster/backups.ts";
import { created } from "../cluster/changes.ts";
import { apiErrorOf } from "../cluster/refusals.ts";
import { pathOf, type Resource, resourceNamed } from "../cluster/resources.ts";
import type { Context } from "../context.ts";
import type { Input } from "../input.ts";
import { confirmed, report } from "../output.ts";
import { problems } from "../problems.ts";
import { waitFor } from "../waiting.ts";
import type { Command } from "./command.ts";

export const restore: Command = {
  path: ["restore"],
  summary: "Restore a backup into a new resource, and wait until it is ready",
  details:
    "The new resource has the spec of the one that was backed up, or that of a file; what it restores from stands in spec.restoreFrom.",
  arguments: [
    { name: "backup", description: "Name of the CCTelegramBackup" },
    { name: "name", description: "Name of the new resource" },
  ],
  options: [
    {
      flags: "-f, --file <path>",
      description: "A manifest whose spec it gets, instead of that of the resource that was backed up",
    },
    { flags: "--identity-secret <name>", description: "Secret with the key (age) that an encrypted archive needs" },
    { flags: "--no-wait", description: "Do not wait until it is ready" },
    { flags: "--timeout <duration>", description: "How long to wait", default: "10m" },
  ],
  writes: true,
  examples: ["restore team-20261126-031500 team-restored", "restore nightly team2 -f team2.yaml"],
  rights: ["get cctelegrambackups.cctelegram.io", "get and create cctelegramdeployments.cctelegram.io"],
  async run(context, input) {
    const { api, namespace } = context.cluster();
    const [from, name] = [input.argument("backup"), input.argument("name")];
    const backup = await backupNamed(api, namespace, from);
    if (!("done" in progressOf(backup))) throw problems.backupUnfinished(from);
    const spec = await specFor(context, input, backup.spec?.deploymentName ?? "");
    await confirmed(context, input, `Create the resource ${name} with what is in the backup ${from}?`);
    const body = newResource(name, spec, from, input.text("identity-secret"));
    await created(api, pathOf(namespace), body, input).catch((error: unknown) => {
      throw apiErrorOf(error)?.reason === "AlreadyExists" ? problems.resourceExists(name, namespace) : error;
    });
    if (!input.dryRun && !input.flag("no-wait")) await untilReady(context, input, name);
    report(context, input, `${name} has what was in the backup ${from}`);
  },
};

async function specFor(
  { cluster, files }: Context,
  input: Input,
  deployment: string,
): Promise<Readonly<Record<string, unknown>>> {
  const { api, namespace } = cluster();
  const path = input.text("file");
  if (path === undefined) return (await resourceNamed(api, namespace, deployment)).spec;
  const text = files.read(path);
  if (text === undefined) throw problems.fileUnusable(path, "it does not exist");
  const parsed = resourceManifest.safeParse(yamlOf(path, text));
  if (!parsed.success) throw problems.fileUnusable(path, "it is no manifest with a spec");
  return parsed.data.spec;
}

function yamlOf(path: string, text: string): unknown {
  try {
    return load(text);
  } catch (error) {
    throw problems.fileUnusable(path, (error as Error).message);
  }
}

/** The new resource. What the former one was itself restored from is not its source. */
function newResource(
  name: string,
  { restoreFrom: _before, ...spec }: Readonly<Record<string, unknown>>,
  backupName: string,
  identity: string | undefined,
) {
  const identitySecretRef = identity === undefined ? {} : { identitySecretRef: { name: identity } };
  return {
    apiVersion: "cctelegram.io/v1alpha1",
    kind: "CCTelegramDeployment",
    metadata: { name },
    spec: { ...spec, restoreFrom: { backupName, ...identitySecretRef } },
  };
}

async function untilReady(context: Context, input: Input, name: string): Promise<void> {
  const { api, namespace } = context.cluster();
  await waitFor<Resource>(context, {
    what: `Resource ${name}`,
    timeoutMs: input.duration("timeout") ?? 0,
    look: async () => {
      const resource = await resourceNamed(api, namespace, name);
      const ready = resource.status?.conditions?.find(({ type }) => type === "Ready");
      return ready?.status === "True"
        ? { done: resource }
        : { state: ready?.message ?? "the operator has not looked at it yet" };
    },
    end: () => `${name} is ready`,
  });
}
