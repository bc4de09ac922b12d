import * as z from "zod";
import { defineMethod } from "../define-method.ts";

export const resourcesUnsubscribe = defineMethod({
  name: "resources/unsubscribe",
  eras: ["handshake"],
  params: z.object({ uri: z.string() }),
  async handle({ uri }, { session, notices }) {
    if (session !== undefined) await notices.tell(session, { kind: "unsubscribe", uri });
    return {};
  },
});
