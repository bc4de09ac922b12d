/** A value that nobody but its owner is to see, and where it was used. */
export type Secret = { readonly value: string; readonly use: string };

/** Shorter ones, and those of few different characters, are found by chance. */
const SHORTEST = 16;
const FEWEST_CHARACTERS = 8;

/** Variables that hold secrets; those that name files of them end in _FILE. */
const secretVariable = /(TOKEN|SECRET|SECRET_ACCESS_KEY|PASSWORD|API_KEY|API_KEYS|IDENTITY)(_PREVIOUS)?(_FILE)?$/;

/**
 * The secrets among the variables that a program gets, and in the files that they name. Values of MCP_API_KEYS are JSON, or
 * separated by commas; an identity of age may stand among comments.
 */
export function secretsOfEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => string,
): Secret[] {
  return Object.entries(env)
    .filter(([name]) => secretVariable.test(name))
    .flatMap(([name, value = ""]) =>
      partsOf(name.endsWith("_FILE") ? readFile(value) : value).map((part) => ({
        value: part,
        use: `variable ${name}`,
      })),
    )
    .filter(isSecret);
}

function partsOf(value: string): string[] {
  if (!value.trimStart().startsWith("{"))
    return value
      .split(/[,\n]/)
      .map((part) => part.trim())
      .filter((part) => !part.startsWith("#"));
  try {
    return Object.keys(JSON.parse(value)).filter((key) => !key.startsWith("sha256:"));
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
  return [
    ...shownInRequests.flatMap(([form, use]) =>
      [...head.matchAll(form)].map(([, value = ""]) => ({ value: value.trim(), use })),
    ),
    ...[...head.matchAll(/^authorization:[ \t]*basic[ \t]+([^\s]+)/gim)].map(([, value = ""]) => ({
      value: Buffer.from(value, "base64")
        .toString()
        .replace(/^[^:]*:/, ""),
      use: "password of a header Authorization",
    })),
  ].filter(isSecret);
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
