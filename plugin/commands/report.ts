import { gzipSync } from "node:zlib";
import { stamp } from "../cluster/backups.ts";
import { nameOf } from "../cluster/resources.ts";
import { collect } from "../report/collect.ts";
import { tar } from "../report/tar.ts";
import { type Command, resourceArgument } from "./command.ts";
import { named } from "./pause.ts";

export const report: Command = {
  path: ["report"],
  summary:
    "Write a support bundle (tar.gz): objects, events, logs, and the state of bridge and operator, without secrets",
  details: "What the user may not read, or what does not answer, is named in it instead.",
  arguments: [resourceArgument],
  options: [
    { flags: "-f, --file <path>", description: "Default: cctelegram-report-NAME-TIME.tar.gz in the current folder" },
  ],
  examples: ["report team", "report team -f team.tar.gz"],
  rights: [
    "get cctelegramdeployments.cctelegram.io",
    "whatever of its children, events, logs and Secrets there is to be in it",
  ],
  async run(context, input) {
    const resource = await named(context, input);
    const path = input.text("file") ?? `cctelegram-report-${nameOf(resource)}-${stamp(context.now())}.tar.gz`;
    const progress = context.terminal.progress("Support bundle");
    try {
      const entries = await collect(context, resource, progress);
      context.files.write(path, gzipSync(tar(entries, context.now())));
      progress.done(`${entries.length} files`);
    } catch (error) {
      progress.failed("Support bundle: not written");
      throw error;
    }
    context.terminal.print(path);
  },
};
