import { changed } from "../cluster/changes.ts";
import {
  type Client,
  clientsOf,
  connectionName,
  nameOf,
  namespaceOf,
  type Resource,
  resourceNamed,
  secretNamed,
} from "../cluster/resources.ts";
import { report } from "../output.ts";
import { problems } from "../problems.ts";
import { waitFor } from "../waiting.ts";
import { type Command, resourceArgument } from "./command.ts";

export const keysCreate: Command = {
  path: ["keys", "create"],
  summary: "Add a client to a resource; the operator generates its key",
  details: "Waits until the key is there. Servers accept it as soon as they have read it, up to about a minute later.",
  arguments: [resourceArgument, { name: "client", description: "Name of the new client" }],
  options: [
    {
      flags: "--permission <permission>",
      description: 'A tool, "group:NAME", "resource:NAME" or "*"; may be given several times',
      many: true,
    },
    { flags: "--expires <time>", description: "From then on the key is refused, such as 2027-01-31T00:00:00Z" },
    { flags: "--requests <count>", description: "Requests that it may make in a window, per pod" },
    { flags: "--timeout <duration>", description: "How long to wait for the key", default: "1m" },
  ],
  writes: true,
  examples: [
    "keys create team ci --permission group:sending",
    "keys create team cursor --permission '*' --expires 2027-01-31T00:00:00Z",
  ],
  rights: ["get and patch cctelegramdeployments.cctelegram.io", "get secrets"],
  async run(context, input) {
    const { api, namespace } = context.cluster();
    const resource = await resourceNamed(api, namespace, input.argument("resource"));
    const [expires, requests] = [input.text("expires"), input.number("requests", { min: 1, max: 1_000_000 })];
    const client: Client = {
      name: input.argument("client"),
      permissions: [...input.many("permission")],
      ...(expires === undefined ? {} : { expires }),
      ...(requests === undefined ? {} : { requests }),
    };
    await changed(api, resource, (current) => withClient(current, client), input);
    if (!input.dryRun) {
      const name = connectionName(resource, client.name);
      await waitFor(context, {
        what: `Key of ${client.name}`,
        timeoutMs: input.duration("timeout") ?? 0,
        look: async () => {
          const secret = await secretNamed(api, namespaceOf(resource), name);
          return secret?.data?.key ? { done: name } : { state: "the operator has not made it yet" };
        },
        end: (secret) => `The key of ${client.name} is in the Secret ${secret}`,
      });
    }
    report(
      context,
      input,
      `${nameOf(resource)} has the client ${client.name}: kubectl cctelegram keys config ${nameOf(resource)} ${client.name} shows its configuration`,
    );
  },
};

/** The list with one client more. */
function withClient(resource: Resource, client: Client) {
  const clients = clientsOf(resource);
  if (clients.some(({ name }) => name === client.name)) throw problems.clientExists(client.name, nameOf(resource));
  return { spec: { server: { auth: { clients: [...clients, client] } } } };
}
