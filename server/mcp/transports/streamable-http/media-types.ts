/** What a client takes as an answer. */
export type Accepted = { readonly json: boolean; readonly stream: boolean };

const both: Accepted = { json: true, stream: true };

/**
 * Reads an Accept header (RFC 9110, 12.5.1). Of several ranges that cover a type the most exact one decides; a client that
 * says nothing takes everything.
 */
export function acceptedIn(accept: string | undefined): Accepted {
  if (accept === undefined || accept === "application/json, text/event-stream") return both;
  const ranges = accept.toLowerCase().split(",").map(rangeOf);
  if (ranges.every(({ type }) => type === "")) return both;
  const takes = (...names: readonly string[]): boolean => {
    for (const name of names) {
      const range = ranges.find(({ type }) => type === name);
      if (range !== undefined) return range.quality > 0;
    }
    return false;
  };
  return {
    json: takes("application/json", "application/*", "*/*"),
    stream: takes("text/event-stream", "text/*", "*/*"),
  };
}

function rangeOf(text: string): { type: string; quality: number } {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim());
  const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
  // `*` alone is what Java's HTTP client sends.
  return { type: type === "*" ? "*/*" : type, quality: quality === undefined ? 1 : Number(quality) };
}
