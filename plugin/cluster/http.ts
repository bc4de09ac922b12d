import { type IncomingMessage, request } from "node:http";
import type { Duplex } from "node:stream";
import { problems } from "../problems.ts";

export type Call = {
  readonly method: "GET" | "POST" | "DELETE";
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Of the whole call. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
};

export type Answer = { readonly status: number; readonly text: string };

/** More than any answer of ours has: a pod that sends without an end must not fill the memory. */
const mostBytes = 32 * 1024 * 1024;

/** One HTTP request over a connection that is open already. `part` is for messages. */
export async function callOver(stream: Duplex, part: string, call: Call): Promise<Answer> {
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(call.timeoutMs)]);
  try {
    const answer = await opened(stream, call, signal);
    return { status: answer.statusCode ?? 0, text: await read(answer) };
  } catch (error) {
    if (call.signal.aborted) throw problems.interrupted();
    throw error instanceof Error && error.name === "PluginError"
      ? error
      : problems.partSilent(part, reasonOf(error, call, signal));
  } finally {
    stream.destroy();
  }
}

function opened(stream: Duplex, { method, path, headers, body }: Call, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = {
      method,
      path,
      signal,
      headers: { host: "localhost", ...headers },
      createConnection: () => stream,
    };
    const asked = request(options, resolve);
    asked.on("error", reject);
    asked.end(method === "POST" ? body : undefined);
  });
}

async function read(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > mostBytes) throw new Error("its answer is larger than any of ours");
  }
  return Buffer.concat(chunks).toString();
}

const reasonOf = (error: unknown, { timeoutMs }: Call, signal: AbortSignal): string =>
  signal.aborted ? `nothing within ${timeoutMs / 1000} s` : error instanceof Error ? error.message : String(error);
