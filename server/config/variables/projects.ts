import { list } from "../../../config/schemas.ts";
import { define } from "./row.ts";

/** Variables of what the server reads beside its own files. */
export const projectVariables = Object.freeze({
  CC_TELEGRAM_PROJECT_ROOTS: define({
    roles: ["standalone", "stdio"],
    schema: list.refine((paths) => paths.every((path) => /^\P{Cc}{1,4096}$/u.test(path)), "paths, separated by commas"),
    default: { stdio: "." },
    description:
      "Folders, separated by commas, below which get_task_status and todo may read the task files of projects, and from which reply sends files where the client has started this process; a comma alone for none. A project is looked for in the first one.",
    example: "~/projects,/srv/work",
  }),
});
