import { request } from "node:http";
import { answerText } from "./answer-text.ts";

/** The part of a `Response` that a short exchange needs. */
export type PlainResponse = { readonly ok: boolean; readonly status: number; text(): Promise<string> };

export type PlainRequest = {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Until the answer is complete. */
  readonly timeoutMs: number;
  /** In characters. Longer answers are cut off with an error. Default 16 Ki. */
  readonly longestAnswer?: number;
};

export type PlainFetch = (url: string, init: PlainRequest) => Promise<PlainResponse>;

/**
 * The programs that answer are not trusted, and many are asked at a time. A handshake takes some hundred, a bridge's status with a
 * hundred refusals ten thousand.
 */
const longestByDefault = 16 * 1024;

/**
 * A `fetch` for many hosts that are called rarely: one connection for each request. Node's own takes 19 MiB on first use,
 * and keeps a pool for every host. Rejects when there is no complete answer.
 *
 * @example
 * ```ts
 * const answer = await plainFetch("http://127.0.0.1:8080/health", { method: "GET", headers: {}, timeoutMs: 5_000 });
 * if (answer.ok) logger.info({ body: await answer.text() }, "healthy");
 * ```
 */
export const plainFetch: PlainFetch = (
  url,
  { method, headers, body = "", timeoutMs, longestAnswer = longestByDefault },
) =>
  new Promise((resolve, reject) => {
    const length = body === "" ? {} : { "content-length": Buffer.byteLength(body) };
    const call = request(url, { method, agent: false, headers: { ...headers, ...length } });
    // Not AbortSignal.timeout, which would keep everything of the exchange in memory until the timeout.
    const timer = setTimeout(() => call.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    let answered = false;
    call.on("close", () => {
      clearTimeout(timer);
      // For example after 101: Node closes the connection without an error.
      if (!answered) reject(new Error("the connection was closed without an answer"));
    });
    call.on("error", reject);
    call.on("response", (answer) => {
      answered = true;
      answerText(answer, longestAnswer).then((text) => {
        const { statusCode: status = 0 } = answer;
        resolve({ status, ok: status >= 200 && status < 300, text: async () => text });
      }, reject);
    });
    call.end(body);
  });
