import type { Icon } from "../features/content.ts";
import type { EraName, Method, ServerCapabilities } from "./method.ts";

/** Name and version, as clients show them (MCP schema, Implementation). */
export type ServerInfo = {
  readonly name: string;
  readonly title: string;
  readonly version: string;
  readonly description: string;
  readonly icons: readonly Icon[];
};

/** What methods tell about the server. */
export type ServerFacts = {
  readonly info: ServerInfo;
  /** For models. */
  readonly instructions: string;
  readonly methods: readonly Method[];
};

const icon = [
  "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'>",
  "<circle cx='12' cy='12' r='12' fill='#2aabee'/>",
  "<path fill='#fff' d='M5 11.9 18.2 6.6c.6-.2 1.1.2.9 1l-2.2 10.6c-.2.7-.6.9-1.2.6l-3.4-2.5-1.6 1.6c-.2.2-.4.3-.7.3l.2-3.4L16.500 9 8.600 14l-3.300-1c-.7-.2-.7-.7-.3-1.100Z'/>",
  "</svg>",
].join("");

export function serverFacts(version: string, methods: readonly Method[]): ServerFacts {
  return Object.freeze({
    info: {
      name: "cctelegram-mcp-server",
      title: "CCTelegram",
      version,
      description: "Sends messages to people on Telegram and brings back what they answer.",
      icons: [{ src: `data:image/svg+xml;base64,${btoa(icon)}`, mimeType: "image/svg+xml", sizes: ["any"] }],
    },
    instructions:
      "Tools of this server send messages to a person's phone. Send what a person wants to know then and there, once, and keep it short. " +
      "A message counts as accepted when the tool answers; cctelegram://events/{event_id} tells what became of it.",
    methods,
  });
}

/** What the server can in an era: what its methods there bring along. */
export function declaredCapabilities(methods: readonly Method[], era: EraName): ServerCapabilities {
  const declared: Record<string, object> = {};
  for (const { eras, capabilities = {} } of methods) {
    if (!eras.includes(era)) continue;
    for (const [name, value] of Object.entries(capabilities)) declared[name] = { ...declared[name], ...value };
  }
  return declared;
}
