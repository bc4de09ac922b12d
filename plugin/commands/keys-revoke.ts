import { changed } from "../cluster/changes.ts";
import { type Client, clientNamed, clientsOf, nameOf, type Resource, resourceNamed } from "../cluster/resources.ts";
import { confirmed, report } from "../output.ts";
import { type Command, resourceArgument } from "./command.ts";

export const keysRevoke: Command = {
  path: ["keys", "revoke"],
  summary: "Take a client and its key away, or only refuse its key",
  details: "Servers refuse the key as soon as they have read the change, up to about a minute later.",
  arguments: [resourceArgument, { name: "client", description: "Name of the client", completion: "clients" }],
  options: [
    { flags: "--disable", description: "Keep client and key, but refuse it" },
    { flags: "--enable", description: "Accept a key again that was refused" },
  ],
  writes: true,
  examples: ["keys revoke team ci", "keys revoke team ci --disable --yes"],
  rights: ["get and patch cctelegramdeployments.cctelegram.io"],
  async run(context, input) {
    const { api, namespace } = context.cluster();
    const resource = await resourceNamed(api, namespace, input.argument("resource"));
    const name = clientNamed(resource, input.argument("client")).name;
    const change = input.flag("enable") ? "enable" : input.flag("disable") ? "disable" : "remove";
    const said = wordings[change];
    if (change !== "enable") await confirmed(context, input, `${said.question} ${name} of ${nameOf(resource)}?`);
    await changed(api, resource, (current) => withoutClient(current, name, change), input);
    report(context, input, `${name} of ${nameOf(resource)}: ${said.done}`);
  },
};

type Change = "remove" | "disable" | "enable";

const wordings: Readonly<Record<Change, { readonly question: string; readonly done: string }>> = {
  remove: { question: "Take away the client", done: "taken away, with its key" },
  disable: { question: "Refuse the key of", done: "its key is refused, and kept" },
  enable: { question: "Accept the key of", done: "its key is accepted again" },
};

/** The list without a client, or with another access of it. Throws when it is not there any more. */
function withoutClient(resource: Resource, name: string, change: Change) {
  clientNamed(resource, name);
  const access = change === "disable" ? "Disabled" : "Enabled";
  const clients = clientsOf(resource).flatMap((client): Client[] => {
    if (client.name !== name) return [client];
    return change === "remove" ? [] : [{ ...client, access }];
  });
  return { spec: { server: { auth: { clients } } } };
}
