import { ports } from "../../../contract/ports.ts";
import type { Blueprint } from "../blueprint.ts";
import type { Environment } from "./configuration.ts";

/** Where the server pods have the Secret with the password. */
export const dashboardFolder = "/etc/cctelegram/dashboard";

/** The variables by which a server has the dashboard: only while it is asked for, so that other pods stay as they are. */
export const dashboardEnvironment = ({ dashboard }: Blueprint): Environment =>
  dashboard === undefined
    ? {}
    : {
        MONITORING_SERVER_PORT: `${ports.dashboard}`,
        MONITORING_SERVER_HOST: "::",
        MONITORING_PASSWORD_FILE: `${dashboardFolder}/password`,
      };

/** The server's port for the dashboard, if it has one. */
export const dashboardPorts = <Port>(blueprint: Blueprint, port: (name: string, number: number) => Port): Port[] =>
  blueprint.dashboard === undefined ? [] : [port("dashboard", ports.dashboard)];
