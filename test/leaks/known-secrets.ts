/** A value that nobody but its owner is to see, and where it was used. */
export type Secret = { readonly value: string; readonly use: string };

/** Shorter ones, and those of few different characters, are found by chance. */
const SHORTEST = 16;
const FEWEST_CHARACTERS = 8;

/** Variables that hold secrets; those that name files of them, end in _FILE. */
const secretVariable = /(TOKEN|SECRET|PASSWORD|API_KEY|API_KEYS)(_PREVIOUS)?$/;

/** The secrets among the variables that a program gets. Values of MCP_API_KEYS are JSON, or separated by commas. */
export function secretsOfEnvironment(env: Readonly<Record<string, string | undefined>>): Secret[] {
  return Object.entries(env)
    .filter(([name, value]) => secretVariable.test(name) && value !== undefined)
    .flatMap(([name, value = ""]) => partsOf(value).map((part) => ({ value: part, use: `variable ${name}` })))
    .filter(isSecret);
}

function partsOf(value: string): string[] {
  if (!value.trimStart().startsWith("{")) return value.split(",").map((part) => part.trim());
  try {
    return Object.keys(JSON.parse(value));
  } catch {
    return [];
  }
}

const shownInRequests = [
  [/^x-api-key:[ \t]*([^\r\n]+)/gim, "header X-API-Key"],
  [/^authorization:[ \t]*bearer[ \t]+([^\s]+)/gim, "header Authorization"],
  [/^x-telegram-bot-api-secret-token:[ \t]*([^\r\n]+)/gim, "secret of a webhook"],
  [/\/bot(\d{5,}:[\w-]{20,})\//g, "token of a bot"],
] as const;

/** The secrets that the head of a request shows to whom it is sent, right ones and wrong ones. */
export function secretsOfRequest(text: string): Secret[] {
  if (!/^[A-Z]+ \S+ HTTP\/1/.test(text)) return [];
  const [head = ""] = text.split("\r\n\r\n", 1);
  return shownInRequests
    .flatMap(([form, use]) => [...head.matchAll(form)].map(([, value = ""]) => ({ value: value.trim(), use })))
    .filter(isSecret);
}

function isSecret({ value }: Secret): boolean {
  return value.length >= SHORTEST && new Set(value).size >= FEWEST_CHARACTERS;
}

/** The ways in which a secret can be written down. */
export function formsOf(value: string): string[] {
  const base64 = Buffer.from(value).toString("base64").replace(/=+$/, "");
  const escaped = JSON.stringify(value).slice(1, -1);
  return [...new Set([value, escaped, encodeURIComponent(value), base64, Buffer.from(value).toString("base64url")])];
}
