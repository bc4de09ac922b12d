import type { Values as ValuesOf } from "../../config/read-variables.ts";
import type { Table } from "../../config/variable.ts";
import type { BackupVariable, RestoreVariable } from "../../contract/backup.ts";
import type { PodVariable, VariableOf } from "../../contract/pod-variables.ts";
import type { Role } from "../../contract/roles.ts";
import { backupVariables } from "./variables/backup.ts";
import { bridgeVariables } from "./variables/bridge.ts";
import { oauthVariables } from "./variables/oauth.ts";
import { processVariables } from "./variables/process.ts";
import { projectVariables } from "./variables/projects.ts";
import { remoteVariables } from "./variables/remote.ts";
import { serverVariables } from "./variables/server.ts";

/** Every environment variable of the image. Configuration, `--help` and the reference in docs derive from this table. */
export const variables = Object.freeze({
  ...processVariables,
  ...serverVariables,
  ...oauthVariables,
  ...bridgeVariables,
  ...projectVariables,
  ...remoteVariables,
  ...backupVariables,
}) satisfies Table<Role> &
  Readonly<Record<VariableOf<PodVariable | BackupVariable | Exclude<RestoreVariable, "DATA_DIR">>, unknown>>;

export type VariableName = keyof typeof variables;

/** Values of the variables; one that is not set, or not of the role, is absent. */
export type Values = ValuesOf<typeof variables>;
