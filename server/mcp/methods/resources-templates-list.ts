import { listingOfTemplate } from "../../resources/resource-listing.ts";
import { defineMethod, pageParams } from "../define-method.ts";
import { pageOf } from "../pages.ts";

export const resourcesTemplatesList = defineMethod({
  name: "resources/templates/list",
  eras: ["handshake", "stateless"],
  params: pageParams,
  capabilities: { resources: {} },
  caching: { ttlMs: 60_000, cacheScope: "private" },
  handle({ cursor }, { catalogue }) {
    const { items, ...next } = pageOf(catalogue.resourceTemplates(), cursor);
    return { resourceTemplates: items.map(listingOfTemplate), ...next };
  },
});
