import { defineMethod, pageParams } from "../define-method.ts";
import { pageOf } from "../pages.ts";

/** The tools that the caller may call, always in the same order. */
export const toolsList = defineMethod({
  name: "tools/list",
  eras: ["handshake", "stateless"],
  params: pageParams,
  capabilities: { tools: {} },
  // What a key permits changes when its file does.
  caching: { ttlMs: 60_000, cacheScope: "private" },
  handle({ cursor }, { catalogue }) {
    const { items, ...next } = pageOf(catalogue.tools(), cursor);
    return { tools: items, ...next };
  },
});
