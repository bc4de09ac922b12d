import type { Resource, ResourceTemplate } from "./resource.ts";

/** A resource as `resources/list` and `GET /resources` show it. */
export function listingOfResource({ uri, name, title, description, mimeType, icons }: Resource) {
  return { uri, name, title, description, mimeType, icons };
}

/** A template as `resources/templates/list` and `GET /resources` show it. */
export function listingOfTemplate({ uriTemplate, name, title, description, mimeType, icons }: ResourceTemplate) {
  return { uriTemplate, name, title, description, mimeType, icons };
}
