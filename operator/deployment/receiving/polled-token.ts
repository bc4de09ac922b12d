import type { V1PodSpec } from "@kubernetes/client-node";
import { interned } from "../../runtime/interned.ts";

/** Where a bot token is, in the namespace of whoever refers to it. */
export type TokenRef = { readonly name: string; readonly key: string };

/** The bot token with which a bridge's pod reads the bot's updates; undefined if it only sends. */
export function polledToken(spec: V1PodSpec | undefined): TokenRef | undefined {
  const variables = spec?.containers.find(({ name }) => name === "bridge")?.env ?? [];
  const mode = variables.find(({ name }) => name === "TELEGRAM_UPDATES")?.value ?? "None";
  const volume = spec?.volumes?.find(({ name }) => name === "telegram")?.secret;
  const key = volume?.items?.[0]?.key;
  if (mode === "None" || volume?.secretName === undefined || key === undefined) return undefined;
  return { name: interned(volume.secretName), key: interned(key) };
}
