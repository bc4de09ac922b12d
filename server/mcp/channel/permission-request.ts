import * as z from "zod";
import { ServerError } from "../../../contract/errors.ts";
import { permissionRequestId } from "../../../contract/sessions.ts";
import { BoundedMap } from "../bounded-map.ts";
import type { Params } from "../message.ts";

/** The notification by which Claude Code tells of a prompt in its terminal. */
export const permissionRequestMethod = "notifications/claude/channel/permission_request";

const shortened = (longest: number) =>
  z.string().transform((text) => (text.length > longest ? `${text.slice(0, longest - 1)}…` : text).toWellFormed());

const schema = z.object({
  request_id: z.string().regex(permissionRequestId, "expected five letters from a to z without l"),
  tool_name: shortened(200).refine((name) => name !== ""),
  description: shortened(2_000).default(""),
  input_preview: shortened(4_000).default(""),
});

type PermissionRequest = z.output<typeof schema>;

/** Reads a prompt; texts that are too long are shortened. Throws INVALID_PARAMS. */
export function readPermissionRequest(params: Params): PermissionRequest {
  const parsed = schema.safeParse(params);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(({ path, message }) => `${z.core.toDotPath(path)}: ${message}`);
  throw new ServerError("INVALID_PARAMS", { problems: fields.join("; ").slice(0, 1_000) }, parsed.error);
}

/** Sessions, and prompts of each, that a process remembers. */
const most = { sessions: 1_000, each: 20 };

/** The prompts about tools of this server, by session: Claude Code calls them `mcp__SERVER__TOOL`. */
export function ownPrompts() {
  const prompts = new BoundedMap<string, readonly PermissionRequest[]>(most.sessions);
  return {
    add(sessionKey: string, prompt: PermissionRequest): void {
      if (!prompt.tool_name.startsWith("mcp__")) return;
      prompts.set(sessionKey, [...(prompts.get(sessionKey) ?? []), prompt].slice(-most.each));
    },
    /** The id of the oldest one about a tool, which is forgotten. */
    take(sessionKey: string, tool: unknown): string | undefined {
      const waiting = prompts.get(sessionKey);
      const found = waiting?.find(({ tool_name }) => tool_name.endsWith(`__${String(tool)}`));
      if (waiting === undefined || found === undefined) return undefined;
      prompts.set(
        sessionKey,
        waiting.filter((one) => one !== found),
      );
      return found.request_id;
    },
  };
}
