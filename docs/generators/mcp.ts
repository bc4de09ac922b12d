import { code, page, table } from "./markdown.ts";

export type McpSource = {
  readonly methods: readonly { readonly name: string; readonly eras: readonly string[] }[];
  readonly resources: readonly (Described & { readonly uri: string })[];
  readonly resourceTemplates: readonly (Described & { readonly uriTemplate: string })[];
  readonly prompts: readonly {
    readonly name: string;
    readonly title: string;
    readonly description: string;
    readonly arguments: readonly { readonly name: string; readonly description: string; readonly required: boolean }[];
  }[];
};

type Described = { readonly title: string; readonly description: string; readonly permission?: string };

const introduction = `What the server offers over MCP beside its [tools](tools.md). A method, resource or prompt stands here because it stands in its registry; so
does what the server declares to clients.`;

/** The reference of what is there over MCP alone. */
export function mcpPage({ methods, resources, resourceTemplates, prompts }: McpSource): string {
  const isIn = (eras: readonly string[], era: string) => (eras.includes(era) ? "yes" : "");
  return page("MCP", "server/mcp/methods, server/resources and server/prompts", [
    introduction,
    "## Methods",
    table(
      ["Method", "2025-11-25 and before", "2026-07-28"],
      methods.map(({ name, eras }) => [code(name), isIn(eras, "handshake"), isIn(eras, "stateless")]),
    ),
    "## Resources",
    table(
      ["URI", "Title", "What it holds", "Permission"],
      [...resources, ...resourceTemplates].map((resource) => [
        code("uri" in resource ? resource.uri : resource.uriTemplate),
        resource.title,
        resource.description,
        resource.permission === undefined ? "any key" : code(resource.permission),
      ]),
    ),
    "## Prompts",
    ...prompts.flatMap((prompt) => [
      `### ${prompt.name}`,
      `**${prompt.title}.** ${prompt.description}`,
      table(
        ["Argument", "Required", "Meaning"],
        prompt.arguments.map(({ name, required, description }) => [code(name), required ? "yes" : "", description]),
      ),
    ]),
  ]);
}
