/** One item of a list, as a set names it. */
export type ItemPath = { matches(item: unknown, index: number): boolean };

/** The same few keys come back in every object. */
const itemPaths = new Map<string, ItemPath>();
const mostItemPaths = 2000;

/**
 * The item that an element such as `k:{"name":"a"}`, `v:"a"` or `i:0` names.
 *
 * @example
 * ```ts
 * parseItemPath('k:{"name":"a"}').matches({ name: "a", value: "1" }, 0); // => true
 * ```
 */
export function parseItemPath(element: string): ItemPath {
  let path = itemPaths.get(element);
  if (path === undefined) {
    path = makeItemPath(element.charAt(0), element.slice(2));
    if (itemPaths.size >= mostItemPaths) itemPaths.clear();
    itemPaths.set(element, path);
  }
  return path;
}

function makeItemPath(kind: string, text: string): ItemPath {
  if (kind === "i") return { matches: (_item, index) => index === Number(text) };
  const wanted: unknown = JSON.parse(text);
  if (kind === "k" && isMap(wanted)) {
    const key = Object.entries(wanted);
    return { matches: (item) => isMap(item) && key.every(([name, value]) => item[name] === value) };
  }
  return { matches: (item) => item === wanted };
}

/**
 * Whether a value of JSON is a map.
 *
 * @example
 * ```ts
 * isMap([]); // => false
 * ```
 */
export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
