import { defineMethod, pageParams } from "../define-method.ts";
import { pageOf } from "../pages.ts";

export const promptsList = defineMethod({
  name: "prompts/list",
  eras: ["handshake", "stateless"],
  params: pageParams,
  capabilities: { prompts: {} },
  caching: { ttlMs: 3_600_000, cacheScope: "public" },
  handle({ cursor }, { catalogue }) {
    const { items, ...next } = pageOf(catalogue.prompts(), cursor);
    const prompts = items.map(({ name, title, description, arguments: args, icons }) => ({
      name,
      title,
      description,
      arguments: args.map(({ values: _values, ...argument }) => argument),
      icons,
    }));
    return { prompts, ...next };
  },
});
