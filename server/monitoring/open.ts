import type { AddressInfo } from "node:net";
import { bindable } from "../listening/unspecified-address.ts";
import { listening } from "../process/start-error.ts";
import { createDashboard, type DashboardOptions } from "./app.ts";
import { Password } from "./password.ts";

export type OpenDashboard = {
  readonly address: AddressInfo;
  /** Reads the password again. */
  reload(): void;
  /** Ends the streams; what still comes is answered. */
  drain(): void;
  close(): Promise<void>;
};

/** Opens the dashboard's port when there is to be one. Rejects with a StartError. */
export async function openDashboard(options: Omit<DashboardOptions, "password">): Promise<OpenDashboard | undefined> {
  const { config, logger } = options;
  if (config.monitoring === undefined) return undefined;
  const { host, port, password: given } = config.monitoring;
  const password = given && new Password({ ...given, logger });
  const { app, watch, listeners } = createDashboard({ ...options, password });
  const variables = { hostVariable: "MONITORING_SERVER_HOST", portVariable: "MONITORING_SERVER_PORT" };
  const scheme = options.certificate === undefined ? "http" : "https";
  const listenTextResolver = (address: string) => `dashboard on ${address.replace(/^http(?=:)/, scheme)}`;
  const stop = async () => {
    listeners.close();
    password?.close();
    await watch.stop();
  };
  try {
    await listening(app.listen({ host: await bindable(host), port, listenTextResolver }), { host, port, ...variables });
  } catch (error) {
    await stop();
    throw error;
  }
  watch.start();
  return {
    address: app.server.address() as AddressInfo,
    reload: () => password?.look(),
    drain() {
      listeners.close();
      watch.leave();
    },
    async close() {
      await Promise.all([stop(), app.close()]);
    },
  };
}
