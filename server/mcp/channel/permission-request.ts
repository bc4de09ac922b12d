import * as z from "zod";
import { ServerError } from "../../../contract/errors.ts";
import { permissionRequestId } from "../../../contract/sessions.ts";
import type { Params } from "../message.ts";

/** The notification by which Claude Code tells of a prompt in its terminal. */
export const permissionRequestMethod = "notifications/claude/channel/permission_request";

const shortened = (longest: number) =>
  z.string().transform((text) => (text.length > longest ? `${text.slice(0, longest - 1)}…` : text).toWellFormed());

const schema = z.object({
  request_id: z.string().regex(permissionRequestId),
  tool_name: shortened(200).refine((name) => name !== ""),
  description: shortened(2_000).default(""),
  input_preview: shortened(4_000).default(""),
});

/** Reads a prompt; texts that are too long are shortened. Throws INVALID_PARAMS. */
export function readPermissionRequest(params: Params): z.output<typeof schema> {
  const parsed = schema.safeParse(params);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(({ path, message }) => `${z.core.toDotPath(path)}: ${message}`);
  throw new ServerError("INVALID_PARAMS", { problems: fields.join("; ").slice(0, 1_000) }, parsed.error);
}
