import { hash } from "node:crypto";

/**
 * One text per JSON value up to the order of map keys. Members that are null, undefined or an empty list are left out,
 * as the API server leaves them out.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) {
    let text = "[";
    for (let index = 0; index < value.length; index += 1) {
      if (index > 0) text += ",";
      text += canonicalJson(value[index]);
    }
    return `${text}]`;
  }
  if (typeof value === "object" && value !== null) return canonicalMap(value as Record<string, unknown>);
  return value === undefined ? "null" : JSON.stringify(value);
}

/** 80 bits in hexadecimal: enough to tell the versions of one object apart. */
export function canonicalHash(value: unknown): string {
  return hash("sha256", canonicalJson(value), "buffer").toString("hex", 0, 10);
}

function canonicalMap(map: Readonly<Record<string, unknown>>): string {
  let text = "{";
  for (const name of Object.keys(map).sort()) {
    const member = map[name];
    if (member === null || member === undefined || (Array.isArray(member) && member.length === 0)) continue;
    text += `${text === "{" ? "" : ","}${JSON.stringify(name)}:${canonicalJson(member)}`;
  }
  return `${text}}`;
}
