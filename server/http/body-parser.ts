import type { FastifyInstance } from "fastify";
import { ServerError } from "../../contract/errors.ts";
import { parseJson } from "../json/parse-json.ts";

/** JSON bodies, and no others. An empty body is no body: `curl -X POST` calls a tool that takes no arguments. */
export function parseJsonBodies(app: FastifyInstance): void {
  takeTexts(app, (text) => (text.length === 0 ? undefined : usable(text)));
}

/** Bodies whose media type is JSON, unread. */
export function takeTexts(app: FastifyInstance, read: (text: string) => unknown = (text) => text): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, done) => {
    try {
      done(null, read(String(body)));
    } catch (error) {
      done(error as Error);
    }
  });
}

function usable(text: string): unknown {
  const { value, problem } = parseJson(text);
  if (problem !== undefined) {
    throw new ServerError("VALIDATION_ERROR", { problems: `the body is refused: ${problem}` });
  }
  return value;
}
