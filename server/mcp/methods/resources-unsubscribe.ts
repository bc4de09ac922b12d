import * as z from "zod";
import { defineMethod } from "../define-method.ts";

export const resourcesUnsubscribe = defineMethod({
  name: "resources/unsubscribe",
  eras: ["handshake"],
  params: z.object({ uri: z.string() }),
  handle({ uri }, { session, subscriptions }) {
    if (session !== undefined) subscriptions.unsubscribe(session.id, uri);
    return {};
  },
});
