import * as z from "zod";
import { defineMethod } from "../define-method.ts";

export const resourcesRead = defineMethod({
  name: "resources/read",
  eras: ["handshake", "stateless"],
  params: z.object({ uri: z.string() }),
  capabilities: { resources: {} },
  // Most of them are states of something.
  caching: { ttlMs: 0, cacheScope: "private" },
  handle: async ({ uri }, { catalogue, origin }) => ({ contents: await catalogue.read(uri, origin) }),
});
