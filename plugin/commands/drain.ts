import { Bridge } from "../cluster/bridge.ts";
import { nameOf } from "../cluster/resources.ts";
import type { Context } from "../context.ts";
import { report } from "../output.ts";
import { problems } from "../problems.ts";
import { waitFor } from "../waiting.ts";
import { bridgeRights } from "./approvals.ts";
import { type Command, resourceArgument } from "./command.ts";
import { named } from "./pause.ts";

export const drain: Command = {
  path: ["drain"],
  summary: "Wait until every message that was accepted is delivered or refused, for example before maintenance",
  details:
    "It stops nothing: clients go on, and what they send meanwhile is waited for, too. hibernate --drain stops the servers afterwards.",
  arguments: [resourceArgument],
  options: [{ flags: "--timeout <duration>", description: "How long to wait", default: "10m" }],
  examples: ["drain team", "drain team --timeout 1h"],
  rights: bridgeRights,
  async run(context, input) {
    const resource = await named(context, input);
    await emptied(context, new Bridge(context.cluster(), resource), input.duration("timeout") ?? 0);
    report(context, input, `No message of ${nameOf(resource)} waits`);
  },
};

/** Waits until nothing is left to deliver. */
export async function emptied(context: Context, bridge: Bridge, timeoutMs: number): Promise<void> {
  await waitFor(context, {
    what: "Queue",
    timeoutMs,
    look: async () => {
      const { queue, paused, fenced, pacing } = await bridge.monitoring();
      if (queue.pending === 0) return { done: true };
      if (fenced !== undefined) return { failed: problems.bridgeFenced(fenced.since) };
      if (paused !== undefined) return { failed: problems.deliveryStopped(paused.by ?? "somebody") };
      const [wait] = pacing.waits;
      return { state: `${queue.pending} messages wait${wait === undefined ? "" : ` (${wait.chat}: ${wait.reason})`}` };
    },
    end: () => "The queue is empty",
  });
}
