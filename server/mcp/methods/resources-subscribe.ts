import * as z from "zod";
import { defineMethod } from "../define-method.ts";

/** Throws RESOURCE_NOT_FOUND for what the client cannot read. */
export const resourcesSubscribe = defineMethod({
  name: "resources/subscribe",
  eras: ["handshake"],
  params: z.object({ uri: z.string() }),
  handle({ uri }, { session, catalogue, subscriptions }) {
    const { topic } = catalogue.resource(uri);
    if (session !== undefined) subscriptions.subscribe(session.id, uri, topic);
    return {};
  },
});
