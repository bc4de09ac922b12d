import { groupOf } from "../../contract/permissions.ts";
import { ports } from "../../contract/ports.ts";
import { routes } from "../../contract/routes.ts";
import { type LocalPort, openLocalPort } from "../cluster/local-port.ts";
import { clientNamed, clientsOf, nameOf, namespaceOf, type Resource } from "../cluster/resources.ts";
import { runningPod } from "../cluster/running-pod.ts";
import { keyOf } from "../cluster/server.ts";
import { type Edit, fileOf, type ProgramName, programs, withoutServer, withServer } from "../configuration/programs.ts";
import type { Context } from "../context.ts";
import type { Input } from "../input.ts";
import { problems } from "../problems.ts";
import { type Command, resourceArgument } from "./command.ts";
import { named } from "./pause.ts";

export const connect: Command = {
  path: ["connect"],
  summary: "Forward a port of this machine to the server and write the configuration of a program, until Ctrl-C",
  details:
    "At its end the program's file is as before. The port listens on this machine alone; whoever uses it needs a key. A server that is replaced meanwhile gives way to the next.",
  arguments: [
    resourceArgument,
    {
      name: "client",
      description: "Whose key is used; default: the first client",
      optional: true,
      completion: "clients",
    },
  ],
  options: [
    {
      flags: "--client <program>",
      description: "Write the configuration of this program into the current folder",
      values: programs,
    },
    { flags: "--file <path>", description: "Another file than the program's usual one" },
    { flags: "--port <port>", description: "Port of this machine; 0: any", default: "0" },
    { flags: "--keep", description: "Leave the configuration in the file at the end" },
  ],
  output: ["json"],
  examples: ["connect team", "connect team claude --client cursor --port 8080"],
  rights: ["get cctelegramdeployments.cctelegram.io", "get secrets", "list pods", "get and create pods/portforward"],
  async run(context, input) {
    const resource = await named(context, input);
    const client = usedClient(resource, input.optional("client"));
    const key = await keyOf(context.cluster(), resource, client);
    const local = await openPort(context, input, resource);
    // By its number: localhost may also mean ::1, where nobody listens.
    const url = `http://127.0.0.1:${local.port}${routes.mcp}`;
    let restore = () => {};
    try {
      restore = configured(context, input, { url, key });
      tellReady(context, input, { url, client });
      await ended(context.signal);
    } finally {
      restore();
      await local.close();
    }
  },
};

function usedClient(resource: Resource, name: string | undefined): string {
  if (name !== undefined) return clientNamed(resource, name).name;
  const [first] = clientsOf(resource).filter(({ access }) => access !== "Disabled");
  if (first === undefined) throw problems.noClientMay(groupOf("send_telegram_message") ?? "anything", nameOf(resource));
  return first.name;
}

/** Each connection goes to a server that runs then. */
async function openPort(context: Context, input: Input, resource: Resource): Promise<LocalPort> {
  const { api, dial } = context.cluster();
  const namespace = namespaceOf(resource);
  // Says at once what would fail later.
  await runningPod(api, resource, "mcp-server");
  return openLocalPort(input.number("port", { max: 65_535 }) ?? 0, {
    dial: async () => dial({ namespace, pod: await runningPod(api, resource, "mcp-server"), port: ports.mcp }),
    onError: ({ message }) => context.terminal.tell(message),
  });
}

/** Writes the program's file; the function that it returns makes it what it was. */
function configured(
  { files, terminal }: Context,
  input: Input,
  server: { readonly url: string; readonly key: string },
): () => void {
  const name = input.text("client") as ProgramName | undefined;
  if (name === undefined) return () => {};
  const path = input.text("file") ?? fileOf(name);
  const before = files.read(path);
  const written = textOf(path, withServer(name, before, server));
  files.write(path, written);
  terminal.tell(`${path} has the server "cctelegram" and its key`);
  return () => {
    if (input.flag("keep")) return;
    const now = files.read(path);
    // Others may have written to it meanwhile: then only our entry goes.
    const after = now === undefined || now === written ? before : withoutServer(name, now, server.url);
    if (after === undefined) files.remove(path);
    else files.write(path, after);
    terminal.tell(`${path} is as before`);
  };
}

function textOf(path: string, edit: Edit): string {
  if ("text" in edit) return edit.text;
  throw edit.problem === "taken" ? problems.fileHasEntry(path) : problems.fileUnusable(path, "it is no JSON object");
}

function tellReady(
  { terminal }: Context,
  input: Input,
  { url, client }: { readonly url: string; readonly client: string },
): void {
  const text = `MCP endpoint: ${url}\nThe key of ${client} opens it: kubectl cctelegram keys config shows it. Ctrl-C ends this.`;
  terminal.print(input.format === "json" ? JSON.stringify({ url, client }) : text);
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
