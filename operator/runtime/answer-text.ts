import type { IncomingMessage } from "node:http";

/**
 * The body of an answer. Rejects when it breaks off, and when it is longer than so many characters (default: no limit). Does what
 * `text` of node:stream/consumers does, with one promise in total instead of one for each piece.
 *
 * @example
 * ```ts
 * const text = await answerText(answer, 16_384);
 * ```
 */
export function answerText(answer: IncomingMessage, longest = Number.POSITIVE_INFINITY): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    answer.setEncoding("utf8");
    answer.on("data", (piece: string) => {
      text += piece;
      if (text.length > longest) answer.destroy(new Error(`the answer is longer than ${longest} characters`));
    });
    answer.on("end", () => resolve(text));
    answer.on("error", reject);
  });
}
