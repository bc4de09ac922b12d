import { clientConfiguration } from "../../contract/client-configuration.ts";

/** Programs for which `keys config` and `connect` write a configuration. */
export const programs = ["claude", "cursor", "vscode"] as const;

export type ProgramName = (typeof programs)[number];

/** Under which key a program's file lists its servers, and where the file is in a project. */
const forms: Readonly<Record<ProgramName, { readonly file: string; readonly key: "mcpServers" | "servers" }>> = {
  claude: { file: ".mcp.json", key: "mcpServers" },
  cursor: { file: ".cursor/mcp.json", key: "mcpServers" },
  vscode: { file: ".vscode/mcp.json", key: "servers" },
};

export const fileOf = (program: ProgramName): string => forms[program].file;

/** What a program's file says of our server. */
export function configurationFor(
  program: ProgramName,
  url: string,
  key: string,
): Readonly<Record<string, { readonly cctelegram: object }>> {
  const { cctelegram } = clientConfiguration(url, key).mcpServers;
  return { [forms[program].key]: { cctelegram } };
}

type File = Readonly<Record<string, unknown>>;

export type Edit = { readonly text: string } | { readonly problem: "malformed" | "taken" };

/**
 * A program's file with our server in it; everything else in it stays. An entry that somebody else wrote is not replaced: only one that leads to
 * this machine or to the same address is ours.
 */
export function withServer(
  program: ProgramName,
  text: string | undefined,
  { url, key }: { readonly url: string; readonly key: string },
): Edit {
  const file = objectOf(text);
  if (file === undefined) return { problem: "malformed" };
  const name = forms[program].key;
  const servers = (file[name] ?? {}) as File;
  const present = servers.cctelegram as { url?: unknown } | undefined;
  if (present !== undefined && !isOurs(present.url, url)) return { problem: "taken" };
  const ours = configurationFor(program, url, key)[name];
  return { text: textOf({ ...file, [name]: { ...servers, ...ours } }) };
}

/** The file without our server; undefined when nothing else was in it. One with another key or address is left as it is. */
export function withoutServer(program: ProgramName, text: string, url: string): string | undefined {
  const file = objectOf(text);
  const name = forms[program].key;
  const servers = (file?.[name] ?? {}) as File;
  if (file === undefined || (servers.cctelegram as { url?: unknown } | undefined)?.url !== url) return text;
  const { cctelegram: _ours, ...others } = servers;
  const { [name]: _servers, ...rest } = file;
  if (Object.keys(others).length > 0) return textOf({ ...file, [name]: others });
  return Object.keys(rest).length === 0 ? undefined : textOf(rest);
}

const isOurs = (present: unknown, url: string) =>
  typeof present === "string" && (present === url || /^http:\/\/(localhost|127\.0\.0\.1):\d+\/mcp$/.test(present));

function objectOf(text: string | undefined): File | undefined {
  if (text === undefined || text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as File) : undefined;
  } catch {
    return undefined;
  }
}

const textOf = (file: File) => `${JSON.stringify(file, null, 2)}\n`;
