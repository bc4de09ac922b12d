import type { FastifyInstance } from "fastify";
import { ServerError } from "../../contract/errors.ts";
import { type ShapeLimits, shapeProblem } from "../../contract/json-shape.ts";

/** What a request as a whole may hold: more than any event needs. */
const bodyShape: ShapeLimits = { depth: 64, members: 20_000 };

/** JSON bodies, and no others. An empty body is no body: `curl -X POST` calls a tool that takes no arguments. */
export function parseJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, done) => {
    try {
      done(null, body.length === 0 ? undefined : parse(String(body)));
    } catch (error) {
      done(error as Error);
    }
  });
  // Not in the parser: an answer to JSON-RPC needs the id, which is in the body.
  app.addHook("preValidation", async ({ body }) => {
    const problem = shapeProblem(body, bodyShape);
    if (problem !== undefined)
      throw new ServerError("VALIDATION_ERROR", { problems: `the body is refused: ${problem}` });
  });
}

/** Some clients begin with a byte order mark, which RFC 8259 (8.1) lets parsers ignore. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ""));
  } catch (error) {
    // The parser's message quotes the text, which is the client's own.
    throw new ServerError("MALFORMED_JSON", { reason: error instanceof Error ? error.message : String(error) });
  }
}
