import { routes } from "../../../contract/routes.ts";
import type { Features } from "../../features/features.ts";
import { failures, success } from "./answers.ts";

type Listed = Pick<Features, "resources" | "resourceTemplates">;

export function resourcePaths({ resources, resourceTemplates }: Listed) {
  const described = [
    ...resources.map(({ uri, description, permission }) => ({ name: nameOf(uri), description, permission })),
    ...resourceTemplates.map(({ uriTemplate, description, permission }) => ({
      name: nameOf(uriTemplate),
      description,
      permission,
    })),
  ];
  return { [routes.resources]: { get: listOperation }, [routes.resource]: { get: readOperation(described) } };
}

/** The part of a URI that stands in the query. */
const nameOf = (uri: string) => uri.replace("cctelegram://", "");

const listing = (identifier: "uri" | "uriTemplate") => ({
  type: "array",
  items: {
    type: "object",
    required: [identifier, "name", "title", "description", "mimeType"],
    properties: Object.fromEntries(
      [identifier, "name", "title", "description", "mimeType"].map((name) => [name, { type: "string" }]),
    ),
  },
});

const listOperation = {
  operationId: "list_resources",
  tags: ["resources"],
  summary: "The resources that the key may read",
  responses: {
    ...success("URI and texts of each resource, and of each form of URI", {
      type: "object",
      required: ["resources", "resourceTemplates"],
      properties: { resources: listing("uri"), resourceTemplates: listing("uriTemplate") },
    }),
    ...failures(401, 403, 429),
  },
};

type Described = { readonly name: string; readonly description: string; readonly permission: string | undefined };

function readOperation(described: readonly Described[]) {
  const lines = described.map(({ name, description, permission }) => {
    const needed = permission === undefined ? "" : ` The key needs the permission \`${permission}\`.`;
    return `- \`${name}\`: ${description}${needed}`;
  });
  return {
    operationId: "read_resource",
    tags: ["resources"],
    summary: "What a resource holds",
    description: lines.join("\n"),
    parameters: [
      {
        name: "resource",
        in: "query",
        required: true,
        description: "What follows `cctelegram://` in the URI of the resource",
        schema: { type: "string", minLength: 1, examples: described.map(({ name }) => name) },
      },
    ],
    responses: {
      ...success("The content of the resource", {}),
      ...failures(400, 401, 403, 404, 429, 500, 502, 503, 504),
    },
  };
}
