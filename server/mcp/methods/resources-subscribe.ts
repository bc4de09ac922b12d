import * as z from "zod";
import { defineMethod } from "../define-method.ts";

/** Throws RESOURCE_NOT_FOUND for what the client cannot read. */
export const resourcesSubscribe = defineMethod({
  name: "resources/subscribe",
  eras: ["handshake"],
  params: z.object({ uri: z.string() }),
  capabilities: { resources: { subscribe: true } },
  async handle({ uri }, { session, catalogue, subscriptions, notices }) {
    const { topic } = catalogue.resource(uri);
    if (session === undefined) return {};
    subscriptions.requireRoom(session.key, uri);
    await notices.tell(session, { kind: "subscribe", uri, ...(topic !== undefined && { topic }) });
    return {};
  },
});
