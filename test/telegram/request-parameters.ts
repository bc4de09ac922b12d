import type { IncomingMessage } from "node:http";
import { ApiError } from "./api-error.ts";
import type { Upload } from "./uploads.ts";

export type Parameters = Readonly<Record<string, unknown>>;

const BODY_LIMIT = 1_048_576;
/** Of a request with a file. */
const UPLOAD_LIMIT = 52 * BODY_LIMIT;
/** Parameters that forms carry as JSON text. */
const STRUCTURED = new Set([
  "entities",
  "caption_entities",
  "reply_markup",
  "allowed_updates",
  "link_preview_options",
  "disable_notification",
  "reply_parameters",
  "reaction",
  "commands",
  "scope",
]);

/** Parameters from the query and from a JSON, urlencoded or multipart body (Bot API, "Making requests"). */
export async function readParameters(request: IncomingMessage, url: URL): Promise<Parameters> {
  const type = request.headers["content-type"] ?? "";
  const body = await readBody(request, type.startsWith("multipart/form-data") ? UPLOAD_LIMIT : BODY_LIMIT);
  return parametersOf(body, type, url);
}

export async function parametersOf(body: Buffer, type: string, url: URL): Promise<Parameters> {
  const query = Object.fromEntries(url.searchParams);
  if (body.length === 0) return decode(query);
  if (type.startsWith("application/json")) return { ...decode(query), ...parseObject(body.toString("utf8")) };
  const headers = { "content-type": type };
  const form = await new Response(new Uint8Array(body), { headers }).formData().catch(() => {
    throw new ApiError(400, "Bad Request: can't parse the request body", { violation: true });
  });
  return { ...decode(query), ...decode(Object.fromEntries(await Promise.all([...form].map(uploaded)))) };
}

/** A part with a file name is a file. */
async function uploaded([field, value]: [string, string | File]): Promise<[string, unknown]> {
  if (typeof value === "string") return [field, value];
  const upload: Upload = { name: value.name, type: value.type, bytes: Buffer.from(await value.arrayBuffer()) };
  return [field, upload];
}

export async function readBody(request: IncomingMessage, limit = BODY_LIMIT): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > limit) throw new ApiError(413, "Request Entity Too Large", { violation: true });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export function parseObject(text: string): Parameters {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Parameters;
  } catch {
    // Answered below, as for any other value.
  }
  throw new ApiError(400, "Bad Request: can't parse JSON object", { violation: true });
}

function decode(fields: Parameters): Parameters {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, decodeField(name, value)]));
}

function decodeField(name: string, value: unknown): unknown {
  if (!STRUCTURED.has(name) || typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    throw new ApiError(400, `Bad Request: can't parse ${name} JSON object`, { violation: true });
  }
}
