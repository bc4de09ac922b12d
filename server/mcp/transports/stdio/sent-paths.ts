import { isAbsolute } from "node:path";
import type { OwnFiles } from "../../../projects/own-files.ts";
import { withPathsRead } from "../../../tools/reply-files.ts";
import { isObject, type RequestMessage } from "../../message.ts";

/** A call that sends files by their paths, with their content instead; any other message as it is. Rejects with VALIDATION_ERROR. */
export async function withOwnFiles(message: RequestMessage, own: OwnFiles): Promise<RequestMessage> {
  const { params } = message;
  const { arguments: args } = params;
  if (message.method !== "tools/call" || params.name !== "reply" || !isObject(args)) return message;
  const { files } = args;
  if (!Array.isArray(files) || !files.some((file) => typeof file === "string" && isAbsolute(file))) return message;
  return { ...message, params: { ...params, arguments: { ...args, files: await withPathsRead(files, own) } } };
}
