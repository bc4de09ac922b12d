import type { Variables } from "./resource.ts";

const variable = /\{(\w+)\}/g;

/** Reads the variables of a URI that has the template's form; undefined for another. */
export function uriMatcher(template: string): (uri: string) => Variables | undefined {
  const names = [...template.matchAll(variable)].map(([, name = ""]) => name);
  const literals = template.split(/\{\w+\}/).map((literal) => literal.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  // Each variable ends at the next slash at the latest, so that no URI takes more than one pass.
  const pattern = new RegExp(`^${literals.join("([^/]+)")}$`);
  return (uri) => {
    const values = pattern.exec(uri)?.slice(1).map(decoded);
    if (values === undefined || values.includes(undefined)) return undefined;
    return Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""]));
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
