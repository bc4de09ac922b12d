import { clientNamed, connectionName, namespaceOf, resourceNamed, secretValue } from "../cluster/resources.ts";
import { configurationFor, type ProgramName, programs } from "../configuration/programs.ts";
import { type Command, resourceArgument } from "./command.ts";

export const keysConfig: Command = {
  path: ["keys", "config"],
  summary: "Print the configuration with which a program connects as a client; it holds the key",
  arguments: [resourceArgument, { name: "client", description: "Name of the client", completion: "clients" }],
  options: [
    { flags: "--client <program>", description: "The program that reads it", values: programs, default: "claude" },
    { flags: "--url <url>", description: "Another address than that of the Secret, such as one of a proxy" },
  ],
  examples: ["keys config team claude > .mcp.json", "keys config team dev --client vscode > .vscode/mcp.json"],
  rights: ["get cctelegramdeployments.cctelegram.io", "get secrets"],
  async run({ cluster, terminal }, input) {
    const { api, namespace } = cluster();
    const resource = await resourceNamed(api, namespace, input.argument("resource"));
    const secret = connectionName(resource, clientNamed(resource, input.argument("client")).name);
    const key = await secretValue(api, namespaceOf(resource), secret, "key");
    const url = input.text("url") ?? (await secretValue(api, namespaceOf(resource), secret, "url"));
    terminal.print(JSON.stringify(configurationFor(input.text("client") as ProgramName, url, key), null, 2));
    if (/\.svc(:\d+)?\//.test(url)) {
      terminal.tell("This address is known inside the cluster alone. kubectl cctelegram connect reaches it from here.");
    }
  },
};
