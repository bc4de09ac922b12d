import { ServerError, toServerError } from "../../contract/errors.ts";
import { type Action, actionPermissions } from "../../contract/monitoring.ts";
import type { DeadLetterFate } from "../../contract/monitoring-servers.ts";
import { type Caller, type Origin, securityDetails } from "../access/access.ts";
import { permits } from "../access/client.ts";
import type { BridgeClient } from "../bridge-client/bridge-client.ts";
import { noInteraction } from "../features/interaction.ts";
import type { Guards } from "../http/app.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { ToolCall } from "../tools/tool-caller.ts";
import { forbidden } from "./readers.ts";

export type ActionsOptions = {
  readonly guards: Pick<Guards, "tools" | "security">;
  readonly bridge: Pick<BridgeClient, "monitoring">;
  readonly logger: Pick<Logger, "info" | "warn">;
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
  async do(action: Action, actor: Actor): Promise<string> {
    try {
      const message = await this.#do(action, actor);
      this.#audit(action, actor, "done");
      return message;
    } catch (thrown) {
      const error = toServerError(thrown);
      this.#audit(action, actor, error.code);
      throw error;
    }
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
      throw forbidden(client.name, `${fate}_dead_letter`, permission);
    }
    const { changed } = await bridge.monitoring.settleDeadLetter(fate, id, client.name);
    if (fate === "drop") return changed ? "The message is dropped." : "The message was dropped before.";
    return changed ? "The message waits to be sent again." : "The message was sent again before.";
  }

  /** The one place where it is written down who did what, with what outcome. */
  #audit(action: Action, { caller, origin }: Actor, outcome: string): void {
    const { action: name, ...about } = action;
    const who = { client: caller.client.name, client_id: caller.client.id, request_id: origin.requestId };
    const details = { audit: "dashboard_action", action: name, ...about, ...who, client_ip: origin.address, outcome };
    this.#options.logger[outcome === "done" ? "info" : "warn"](details, "dashboard action");
  }
}
