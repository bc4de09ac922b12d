import { rotateAnnotation, rotatedAnnotation } from "../../operator/deployment/names.ts";
import { patched } from "../cluster/changes.ts";
import {
  clientNamed,
  connectionName,
  nameOf,
  namespaceOf,
  resourceNamed,
  type Secret,
  secretNamed,
  secretPath,
} from "../cluster/resources.ts";
import { confirmed, report } from "../output.ts";
import { problems } from "../problems.ts";
import { waitFor } from "../waiting.ts";
import { type Command, resourceArgument } from "./command.ts";

export const keysRotate: Command = {
  path: ["keys", "rotate"],
  summary: "Give a client another key; the old one stays valid for server.auth.rotationGraceSeconds",
  details:
    "The servers learn the next key before it takes the place of the present one, so no call fails. That takes about two minutes; with --wait the command stays until then.",
  arguments: [resourceArgument, { name: "client", description: "Name of the client", completion: "clients" }],
  options: [
    { flags: "--wait", description: "Wait until the new key has taken its place" },
    { flags: "--timeout <duration>", description: "How long to wait", default: "5m" },
  ],
  writes: true,
  examples: ["keys rotate team claude", "keys rotate team claude --wait --yes"],
  rights: ["get cctelegramdeployments.cctelegram.io", "get and patch secrets"],
  async run(context, input) {
    const { api, namespace } = context.cluster();
    const resource = await resourceNamed(api, namespace, input.argument("resource"));
    const client = clientNamed(resource, input.argument("client")).name;
    const name = connectionName(resource, client);
    if ((await secretNamed(api, namespaceOf(resource), name)) === undefined) throw problems.noSecret(name, "key");
    await confirmed(context, input, `Give ${client} of ${nameOf(resource)} another key?`);
    const asked = new Date(context.now()).toISOString();
    const patch = { metadata: { annotations: { [rotateAnnotation]: asked } } };
    await patched<Secret>(api, secretPath(namespaceOf(resource), name), patch, input);
    if (input.flag("wait") && !input.dryRun) {
      await waitFor(context, {
        what: `New key of ${client}`,
        timeoutMs: input.duration("timeout") ?? 0,
        look: async () => {
          const secret = await secretNamed(api, namespaceOf(resource), name);
          if (secret?.metadata.annotations?.[rotatedAnnotation] === asked) return { done: name };
          return { state: secret?.data?.next ? "the servers are told the next key" : "the operator has not begun yet" };
        },
        end: (secret) => `The new key is in the Secret ${secret}`,
      });
    }
    report(
      context,
      input,
      `${client} of ${nameOf(resource)} gets another key: it is in the Secret ${name} when it counts`,
    );
  },
};
