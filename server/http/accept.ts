/**
 * Whether a client takes JSON (RFC 9110, 12.5.1): yes unless it says otherwise. Of several ranges that cover JSON the most
 * exact one decides. A client that lists only what this server never answers gets told so.
 */
export function takesJson(accept: string | undefined): boolean {
  const ranges = (accept ?? "").toLowerCase().split(",").map(rangeOf);
  if (ranges.every(({ type }) => type === "")) return true;
  for (const name of ["application/json", "application/*", "*/*"]) {
    const range = ranges.find(({ type }) => type === name);
    if (range !== undefined) return range.quality > 0;
  }
  return false;
}

function rangeOf(text: string): { type: string; quality: number } {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim());
  const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
  // `*` alone is what Java's HTTP client sends.
  return { type: type === "*" ? "*/*" : type, quality: quality === undefined ? 1 : Number(quality) };
}
