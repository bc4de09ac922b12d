import { ports } from "../../../contract/ports.ts";
import { routes } from "../../../contract/routes.ts";
import type { Blueprint } from "../blueprint.ts";
import { type Exposure, exposureOf, originOf } from "../exposure/exposure.ts";
import type { Environment } from "./configuration.ts";

type Webhook = {
  readonly exposure: Exposure;
  /** Where the proxy in front takes Telegram's calls; the bridge takes them at the same path. */
  readonly path: string;
  readonly url: string;
};

/** The way of Telegram's calls to the bridge; undefined unless this bridge is the one that receives by a webhook. */
export function webhookOf({ name, spec, updates }: Blueprint): Webhook | undefined {
  const exposure = exposureOf(name, spec);
  if (updates !== "Webhook" || exposure?.host === undefined) return undefined;
  if (exposure.mode === "LoadBalancer" || exposure.scheme !== "https") return undefined;
  const path = `${exposure.basePath}${routes.telegramUpdates}`;
  return { exposure, path, url: `${originOf(exposure, exposure.host)}${path}` };
}

/** The variables by which the bridge receives. */
export function receivingEnvironment(blueprint: Blueprint): Environment {
  const { updates } = blueprint;
  const webhook = webhookOf(blueprint);
  if (webhook === undefined) {
    // Without a way to it, a bridge that waits for calls would hear nothing.
    return updates === undefined ? {} : { TELEGRAM_UPDATES: updates === "Webhook" ? "None" : updates };
  }
  return {
    TELEGRAM_UPDATES: "Webhook",
    TELEGRAM_WEBHOOK_URL: webhook.url,
    TELEGRAM_WEBHOOK_PORT: `${ports.updates}`,
  };
}

/** The bridge's port for Telegram's calls, if there are some. */
export const updatesPorts = <Port>(blueprint: Blueprint, port: (name: string, number: number) => Port): Port[] =>
  webhookOf(blueprint) === undefined ? [] : [port("updates", ports.updates)];
