import { once } from "node:events";
import * as z from "zod";
import { ServerError } from "../../../contract/errors.ts";
import type { Catalogue } from "../catalogue.ts";
import { defineMethod } from "../define-method.ts";
import { metaKeys } from "../eras/stateless.ts";

/** Resources that one request may listen to. */
const mostResources = 100;

/**
 * Stays open and tells of changes of resources, until the client or the server ends it (MCP 2026-07-28, Subscriptions). The
 * lists of tools, prompts and resources do not change while a server runs, so nobody is told of such changes.
 */
export const subscriptionsListen = defineMethod({
  name: "subscriptions/listen",
  eras: ["stateless"],
  params: z.object({
    notifications: z.object({ resourceSubscriptions: z.array(z.string()).max(mostResources).default([]) }),
  }),
  capabilities: { resources: { subscribe: true } },
  async handle(
    { notifications: { resourceSubscriptions: uris } },
    { id, send, stay, caller, catalogue, listens, interaction },
  ) {
    const topics = new Map(uris.flatMap((uri) => readable(uri, catalogue)));
    const _meta = { [metaKeys.subscriptionId]: id };
    const notify = (method: string, params: object) => send({ jsonrpc: "2.0", method, params: { _meta, ...params } });
    const { signal } = interaction;
    const listen = listens.open({
      clientId: caller.client.id,
      topics,
      onUpdated: (uri) => void notify("notifications/resources/updated", { uri }),
    });
    try {
      const honoured = topics.size > 0 ? { resourceSubscriptions: [...topics.keys()] } : {};
      stay();
      const isTaken = notify("notifications/subscriptions/acknowledged", { notifications: honoured });
      if (!isTaken) throw new ServerError("NOT_ACCEPTABLE", { type: "text/event-stream" });
      if (!signal.aborted) await Promise.race([listen.ended, once(signal, "abort")]);
      // By the page on cancellation it is cancelled, by that on subscriptions it is answered: each client gets what it waits for.
      if (!signal.aborted) notify("notifications/cancelled", { requestId: id, reason: "the server stops" });
      return { _meta };
    } finally {
      listen.close();
    }
  },
});

/** What the client cannot read it cannot listen to either; the acknowledgement leaves it out. */
function readable(uri: string, catalogue: Catalogue): [string, string | undefined][] {
  try {
    return [[uri, catalogue.resource(uri).topic]];
  } catch {
    return [];
  }
}
