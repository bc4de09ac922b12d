import * as z from "zod";

/** What the server may ask of a client. */
export type ClientCapabilities = {
  readonly roots?: object;
  readonly sampling?: { readonly tools?: object; readonly context?: object };
  readonly elicitation?: { readonly form?: object; readonly url?: object };
  readonly extensions?: Readonly<Record<string, object>>;
};

/** The extension by which a client says that it understands tasks. */
export const tasksExtension = "io.modelcontextprotocol/tasks";

const some = z.looseObject({}).optional();

/** Everything else that clients declare is of no use to the server and is not kept. */
export const clientCapabilitiesSchema = z
  .object({
    roots: some,
    sampling: z.object({ tools: some, context: some }).optional(),
    elicitation: z.object({ form: some, url: some }).optional(),
    extensions: z.record(z.string(), z.unknown()).optional(),
  })
  .transform(
    ({ roots, sampling, elicitation, extensions }): ClientCapabilities => ({
      ...(roots && { roots: {} }),
      ...(sampling && { sampling: { ...(sampling.tools && { tools: {} }), ...(sampling.context && { context: {} }) } }),
      ...(elicitation && { elicitation: modesOf(elicitation) }),
      ...(extensions?.[tasksExtension] !== undefined && { extensions: { [tasksExtension]: {} } }),
    }),
  );

/** A client that names no mode has forms (MCP 2025-11-25, Elicitation). */
function modesOf({ form, url }: { form?: object | undefined; url?: object | undefined }) {
  return { ...((form || !url) && { form: {} }), ...(url && { url: {} }) };
}

/** Name and version of a client, as it tells them: for logs, never for decisions. */
export const clientInfoSchema = z.object({
  name: z.string().transform((name) => printable(name, 64)),
  version: z.string().transform((version) => printable(version, 32)),
});

type ClientInfo = z.output<typeof clientInfoSchema>;

/** A text of a client as logs may hold it. */
export function printable(text: string, longest: number): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, longest);
}

/** What `initialize` agreed on (MCP 2025-11-25, Lifecycle). It holds nothing that a pod would have to remember. */
export type Session = {
  /** What a client shows with each request over HTTP; unique. */
  readonly id: string;
  /** What processes call it among themselves: nobody can make the id of it. */
  readonly key: string;
  /** Other processes may see it, too: it is not one with a connection to this one. */
  readonly isShared: boolean;
  readonly version: string;
  readonly capabilities: ClientCapabilities;
  readonly client: ClientInfo;
  /** The name under which it began as a channel; absent for one that is none. */
  readonly channel?: string;
};

/** What a client and the server agree on; the rest of a session follows from how it comes. */
export type Agreed = Pick<Session, "version" | "capabilities" | "client" | "channel">;
