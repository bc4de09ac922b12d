import { BoundedMap } from "../../bounded-map.ts";
import { metaKeys, metaOf } from "../../eras/stateless.ts";
import { isObject, type RequestMessage } from "../../message.ts";

/** Tools whose schemas are kept. */
const mostTools = 1_000;

/** Pages of a list that are asked for. */
const mostPages = 100;

/** Asks the server for a page of its tools; undefined when it gives none. */
type AskPage = (request: Pick<RequestMessage, "method" | "params">) => Promise<unknown>;

/** The schemas of the server's tools, which say what parameters the headers of a call repeat (MCP 2026-07-28, Custom Headers). */
export class RemoteTools {
  readonly #schemas = new BoundedMap<string, object>(mostTools);

  /** The input schema of a call's tool; undefined when it is not known. */
  schemaFor({ method, params }: RequestMessage): object | undefined {
    return method === "tools/call" && typeof params.name === "string" ? this.#schemas.get(params.name) : undefined;
  }

  /** Looks at the result of a request of the client's: a list of tools tells their schemas. */
  learn({ method }: Pick<RequestMessage, "method">, result: unknown): void {
    if (method !== "tools/list" || !isObject(result) || !Array.isArray(result.tools)) return;
    for (const tool of result.tools as unknown[]) {
      if (!isObject(tool) || typeof tool.name !== "string" || !isObject(tool.inputSchema)) continue;
      this.#schemas.set(tool.name, tool.inputSchema);
    }
  }

  /** Asks for all tools, as the client of a call. True when the schema of the call's tool is known now, or is another one. */
  async refresh(call: RequestMessage, ask: AskPage): Promise<boolean> {
    const before = JSON.stringify(this.schemaFor(call));
    let cursor: unknown;
    for (let page = 0; page < mostPages; page += 1) {
      const params = { _meta: termsOf(call), ...(cursor !== undefined && { cursor }) };
      const result = await ask({ method: "tools/list", params });
      this.learn({ method: "tools/list" }, result);
      cursor = isObject(result) ? result.nextCursor : undefined;
      if (typeof cursor !== "string") break;
    }
    return JSON.stringify(this.schemaFor(call)) !== before;
  }
}

/** What every request has to tell, without what belongs to the call alone. */
function termsOf({ params }: RequestMessage): object {
  const { [metaKeys.version]: version, [metaKeys.clientCapabilities]: capabilities } = metaOf(params);
  return { [metaKeys.version]: version, [metaKeys.clientCapabilities]: capabilities };
}
