import { type Backup, backupNamed, backupPath, newBackup, progressOf, stamp } from "../cluster/backups.ts";
import { created } from "../cluster/changes.ts";
import { nameOf, namespaceOf } from "../cluster/resources.ts";
import { present, report } from "../output.ts";
import { waitFor } from "../waiting.ts";
import { type Command, resourceArgument } from "./command.ts";
import { named } from "./pause.ts";

export const backup: Command = {
  path: ["backup"],
  summary: "Make a backup (a CCTelegramBackup) and follow it to its end",
  details:
    "Where it is stored, what it holds and how it is encrypted is what spec.backup of the resource says, unless --claim does.",
  arguments: [resourceArgument],
  options: [
    { flags: "--name <name>", description: "Name of the backup; default: that of the resource with the time" },
    { flags: "--claim <name>", description: "Store it on the volume of this PersistentVolumeClaim" },
    { flags: "--path <path>", description: "Folder on that volume" },
    { flags: "--verify", description: "Also restore it into nothing before it counts" },
    { flags: "--no-wait", description: "Do not follow it" },
    { flags: "--timeout <duration>", description: "How long to follow it", default: "15m" },
  ],
  output: ["json", "yaml"],
  writes: true,
  examples: ["backup team", "backup team --claim backups --verify"],
  rights: ["get cctelegramdeployments.cctelegram.io", "create and get cctelegrambackups.cctelegram.io"],
  async run(context, input) {
    const { api } = context.cluster();
    const resource = await named(context, input);
    const namespace = namespaceOf(resource);
    const [claim, path] = [input.text("claim"), input.text("path")];
    const target =
      claim === undefined
        ? {}
        : { target: { type: "Volume", volume: { claimName: claim, ...(path === undefined ? {} : { path }) } } };
    const name = input.text("name") ?? `${nameOf(resource)}-${stamp(context.now())}`;
    const spec = {
      deploymentName: nameOf(resource),
      ...target,
      ...(input.flag("verify") ? { verify: "Enabled" } : {}),
    };
    await created(api, backupPath(namespace), newBackup(name, spec), input);
    if (input.dryRun || input.flag("no-wait")) return report(context, input, `The backup ${name} is asked for`);
    const made = await waitFor(context, {
      what: `Backup ${name}`,
      timeoutMs: input.duration("timeout") ?? 0,
      look: async () => progressOf(await backupNamed(api, namespace, name)),
      end: () => `Backup ${name} is done`,
    });
    present(context, input, { name, ...made.status }, () => backupText(name, made));
  },
};

function backupText(name: string, { status = {} }: Backup): string {
  const verified =
    status.verified === undefined ? "not verified" : status.verified === "True" ? "verified" : "verification failed";
  return [
    `Backup ${name}: ${status.sizeBytes ?? "?"} bytes, ${verified}`,
    ...(status.location === undefined ? [] : [`stored at ${status.location}`]),
    ...(status.sha256 === undefined ? [] : [`sha256 ${status.sha256}`]),
    `kubectl cctelegram restore ${name} NAME restores it into a new resource`,
  ].join("\n");
}
