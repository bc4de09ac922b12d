import { listingOfResource } from "../../resources/resource-listing.ts";
import { defineMethod, pageParams } from "../define-method.ts";
import { pageOf } from "../pages.ts";

export const resourcesList = defineMethod({
  name: "resources/list",
  eras: ["handshake", "stateless"],
  params: pageParams,
  capabilities: { resources: {} },
  caching: { ttlMs: 60_000, cacheScope: "private" },
  handle({ cursor }, { catalogue }) {
    const { items, ...next } = pageOf(catalogue.resources(), cursor);
    return { resources: items.map(listingOfResource), ...next };
  },
});
