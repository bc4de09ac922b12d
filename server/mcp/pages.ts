import { ServerError } from "../../contract/errors.ts";

/** Items of a page. A server of ours has fewer in each of its lists; clients must not rely on that (MCP, Pagination). */
const pageSize = 100;

export type Page<T> = { readonly items: readonly T[]; readonly nextCursor?: string };

/** The page that begins at a cursor; the first without one. Throws INVALID_PARAMS for what is no cursor of ours. */
export function pageOf<T>(all: readonly T[], cursor: string | undefined, size = pageSize): Page<T> {
  const start = cursor === undefined ? 0 : positionIn(cursor);
  if (start === undefined || start % size !== 0 || (start > 0 && start >= all.length)) {
    throw new ServerError("INVALID_PARAMS", { problems: "cursor: it is none that this server gave" });
  }
  const end = start + size;
  return { items: all.slice(start, end), ...(end < all.length && { nextCursor: cursorOf(end) }) };
}

function cursorOf(position: number): string {
  return Buffer.from(`from ${position}`).toString("base64url");
}

function positionIn(cursor: string): number | undefined {
  const position = Number(/^from (\d{1,9})$/.exec(Buffer.from(cursor, "base64url").toString())?.[1]);
  return Number.isInteger(position) && cursorOf(position) === cursor ? position : undefined;
}
