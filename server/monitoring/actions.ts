import type { DeadLetterFate } from "../../contract/dead-letters.ts";
import { ServerError } from "../../contract/errors.ts";
import { type Action, actionPermissions } from "../../contract/monitoring.ts";
import { auditDetails, type Caller, type Origin, securityDetails } from "../access/access.ts";
import { lacking, permits } from "../access/client.ts";
import type { BridgeClient } from "../bridge-client/bridge-client.ts";
import { noInteraction } from "../features/interaction.ts";
import type { Guards } from "../http/app.ts";
import type { Audit } from "../telemetry/audit.ts";
import type { AuditSubject } from "../telemetry/audit-record.ts";
import type { ToolCall } from "../tools/tool-caller.ts";

export type ActionsOptions = {
  readonly guards: Pick<Guards, "tools" | "security">;
  readonly bridge: Pick<BridgeClient, "monitoring">;
  readonly audit: Pick<Audit, "follow">;
};

/** Who acts, and by which request. */
export type Actor = { readonly caller: Caller; readonly origin: Origin; readonly log: ToolCall["logger"] };

/** What of the dashboard's actions a tool does: with its limits, its permission and its traces in log and metrics. */
const tools = {
  pause_delivery: "stop_bridge",
  resume_delivery: "start_bridge",
  lift_ban: "lift_ban",
  send_test_message: "send_telegram_message",
} as const;

/** What the tools say of these is for programs of co8/cctelegram. */
const words: Readonly<Partial<Record<keyof typeof tools, string>>> = {
  pause_delivery: "Delivery is stopped; messages are accepted and kept.",
  resume_delivery: "Delivery goes on.",
};

const fates = { retry_dead_letter: "retry", drop_dead_letter: "drop" } as const;

const testMessage = { message: "Test message from the dashboard.", source: "dashboard" };

/** Does what somebody asks for on the dashboard, and writes down who it was and what came of it. */
export class Actions {
  readonly #options: ActionsOptions;

  constructor(options: ActionsOptions) {
    this.#options = options;
  }

  /** Resolves with what to tell the person. Throws errors of the catalogue. */
  do(action: Action, actor: Actor): Promise<string> {
    return this.#options.audit.follow(subjectOf(action, actor), () => this.#do(action, actor));
  }

  #do(action: Action, actor: Actor): Promise<string> {
    switch (action.action) {
      case "retry_dead_letter":
      case "drop_dead_letter":
        return this.#settle(fates[action.action], action.id, actor);
      case "lift_ban":
        return this.#call(action.action, { address: action.address }, actor);
      case "send_test_message":
        return this.#call(action.action, testMessage, actor);
      default:
        return this.#call(action.action, {}, actor);
    }
  }

  async #call(action: keyof typeof tools, args: object, { caller, origin, log }: Actor): Promise<string> {
    const call = { name: tools[action], args, caller, origin, log, interaction: noInteraction };
    const result = await this.#options.guards.tools.call(call);
    const { success, message, note } = "structured" in result ? result.structured : {};
    const text = [message, note].filter((part) => typeof part === "string").join(" ");
    if (success !== true) throw new ServerError("BRIDGE_UNAVAILABLE", { reason: text || "it does not answer" });
    return words[action] ?? text;
  }

  async #settle(fate: DeadLetterFate, id: number, { caller, origin }: Actor): Promise<string> {
    const { guards, bridge } = this.#options;
    const { client } = caller;
    const permission = actionPermissions[`${fate}_dead_letter`];
    if (!permits(client, permission)) {
      guards.security("authorization_failure", { ...securityDetails(origin), client: client.name, tool: permission });
      throw lacking(client, `${fate}_dead_letter`, permission, { required_permission: permission });
    }
    const { changed } = await bridge.monitoring.settleDeadLetter(fate, id, { client: client.name, whose: "any" });
    if (fate === "drop") return changed ? "The message is dropped." : "The message was dropped before.";
    return changed ? "The message waits to be sent again." : "The message was sent again before.";
  }
}

function subjectOf(action: Action, { caller: { client }, origin }: Actor): AuditSubject {
  const who = { client: client.name, client_id: client.id, ...auditDetails(origin) };
  return {
    ...{ decision: "dashboard_action", action: action.action, ...who },
    ...("address" in action && { address: action.address }),
    ...("id" in action && { dead_letter: action.id }),
  };
}
