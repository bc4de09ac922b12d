import { groupPermission, toolGroups } from "../../contract/permissions.ts";
import { code, page, table } from "./markdown.ts";
import { fieldTable, type Schema, typeName } from "./schema-fields.ts";

export type ToolDescription = {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: object;
  readonly outputSchema?: object;
  readonly annotations: Readonly<Record<string, boolean>>;
  readonly limit: number;
};

export type EventTypeDescription = { readonly type: string; readonly category: string; readonly description: string };

const introduction = `Every tool can be called over MCP (\`tools/call\` on \`POST /mcp\`) and over REST (\`POST /tools/NAME\`, the arguments as JSON body or in the query; tools that
only read also take \`GET\`, and \`clear_old_responses\` takes \`DELETE\`; the answer is the structured result). The permission that a key needs has the tool's name; that of a [group](#groups) stands for its tools, and \`"*"\` for everything. A key sees only the tools
that it may call. What can go wrong is in [errors.md](errors.md).`;

/** The reference of the tools, in the order in which clients list them. */
export function toolsPage(tools: readonly ToolDescription[], eventTypes: readonly EventTypeDescription[]): string {
  const rows = eventTypes.map(({ type, category, description }) => [code(type), category, description]);
  return page("Tools", "server/tools and contract/event.ts", [
    introduction,
    ...tools.flatMap(section),
    "## Groups",
    "A permission `group:NAME` stands for all tools of a group, also for those that a later version adds to it. Each tool is in one group.",
    table(
      ["Permission", "Tools"],
      Object.entries(toolGroups).map(([name, members]) => [code(groupPermission(name)), members.map(code).join(", ")]),
    ),
    "## Event types",
    "The values of `type` in `send_telegram_event`.",
    table(["Type", "Category", "Meaning"], rows),
  ]);
}

function section({
  name,
  title,
  description,
  inputSchema,
  outputSchema,
  annotations,
  limit,
}: ToolDescription): string[] {
  const input = inputSchema as Schema;
  const hints = Object.entries(annotations).map(([hint, value]) => `${code(hint)} ${value}`);
  const hasInput = Object.keys(input.properties ?? {}).length > 0;
  return [
    `## ${name}`,
    `**${title}.** ${description}`,
    ...(hasInput ? ["Input:", fieldTable(withoutLongLists(input), typeOf)] : ["It takes no arguments."]),
    ...(outputSchema ? ["Result:", fieldTable(outputSchema as Schema, typeOf)] : ["Its result has no schema."]),
    `At most ${limit} calls a minute with the default [limits](../server.md#rate-limits). Hints for clients: ${hints.join(", ")}.`,
  ];
}

const typeOf = (_name: string, field: Schema) => typeName(field, fieldNames(field));

/** A nested object is shown by the names of its fields; `GET /tools` has their schemas. */
function fieldNames({ properties = {} }: Schema): string {
  const names = Object.keys(properties);
  return names.length === 0 ? "object" : `object of ${names.map(code).join(", ")}`;
}

/** The event types have a table of their own. */
function withoutLongLists(schema: Schema): Schema {
  const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    if ((field.enum?.length ?? 0) < 10) return [name, field];
    const { enum: _values, ...rest } = field;
    return [name, { ...rest, description: `${field.description}: one of the [event types](#event-types)` }];
  });
  return { ...schema, properties: Object.fromEntries(fields) };
}
