import { createHash } from "node:crypto";
import type { ApprovalRequest } from "../../../contract/approvals.ts";
import { ServerError } from "../../../contract/errors.ts";
import {
  type SessionPermission,
  type SessionPermissionAnswered,
  type SessionPermissionAsked,
  sessionLimits,
} from "../../../contract/sessions.ts";
import type { Approvals } from "../approvals/approvals.ts";
import type { EndedApproval, KeptPermission } from "../approvals/kept-approval.ts";
import { shownLine } from "../formatting/shown-text.ts";
import type { Store } from "../storage/store.ts";
import type { Bindings } from "./bindings.ts";
import type { ChannelEvents } from "./channel-events.ts";
import type { KeptSession } from "./kept-session.ts";
import type { SessionTable } from "./session-table.ts";
import type { Sessions } from "./sessions.ts";

export type PermissionsOptions = {
  readonly store: Pick<Store, "write">;
  readonly sessions: Pick<Sessions, "ring">;
  readonly table: Pick<SessionTable, "require" | "byRow">;
  readonly bindings: Bindings;
  readonly events: ChannelEvents;
  /** Known when all parts are made. */
  readonly approvals: () => Pick<Approvals, "ask" | "endPermissions">;
  readonly now: () => number;
};

/** What fits on a phone without "See more". */
const SHORT = 300;
const LEASE_MS = sessionLimits.leaseSeconds * 1_000;

/** Prompts of tools, which people answer on the phone or in the terminal: whoever is first. */
export class Permissions {
  readonly #options: PermissionsOptions;
  readonly #startedAt: number;

  constructor(options: PermissionsOptions) {
    this.#options = options;
    this.#startedAt = options.now();
  }

  /** Rejects as Approvals.ask does, and with SESSION_NAME_TAKEN and UNKNOWN_SESSION. */
  async ask(asked: SessionPermission): Promise<SessionPermissionAsked> {
    const { table, bindings, approvals } = this.#options;
    const session = table.require(asked);
    if (session.holder !== asked.holder) throw new ServerError("SESSION_NAME_TAKEN", { name: session.name });
    const { holder, request_id: code, description = "", input_preview = "" } = asked;
    const to = bindings.of(session.row).map(({ chatId, topic }) => ({ chatId, ...(topic !== undefined && { topic }) }));
    const details = [description, input_preview].filter((text) => text !== "").join("\n\n");
    const permission = { session: session.row, holder, code, details, note: undefined };
    const { approval, messages, duplicate } = await approvals().ask(requestOf(session, asked), { permission, to });
    return { approval_id: approval.approval_id, expires_at: approval.expires_at, messages, duplicate };
  }

  /** Somebody answered in the terminal: resolves with the number of prompts that waited. Rejects with RefusedError and UNKNOWN_SESSION. */
  async answered({ client, name, holder, request_ids }: SessionPermissionAnswered): Promise<number> {
    const { store, table, approvals, now } = this.#options;
    const { closed, afterwards } = await store.write(() => {
      const { row } = table.require({ client, name });
      return approvals().endPermissions({ session: row, holder, codes: request_ids }, "terminal", now());
    });
    afterwards();
    return closed;
  }

  /** In the transaction that lets a holder go; what is to be done when that is on disk. */
  gone({ row }: KeptSession, holder: string, at: number): () => void {
    const { events, approvals } = this.#options;
    events.dropVerdicts(row, holder, at);
    return approvals().endPermissions({ session: row, holder }, "left", at).afterwards;
  }

  /** Not of a holder that was killed; one that is between two connections is waited for, and all are after the bridge itself was away. */
  isWaitedFor({ session, holder }: KeptPermission): boolean {
    const known = this.#options.table.byRow(session);
    if (known?.holder !== holder) return false;
    return this.#options.now() < Math.max(known.heardAt, this.#startedAt) + LEASE_MS;
  }

  /** In the transaction of the decision. */
  ended({ permission, decision, state }: EndedApproval, at: number): void {
    if (permission === undefined || state !== "decided" || permission.note !== undefined) return;
    const { session, holder, code } = permission;
    // Nothing but the button that says so lets a tool run.
    const behavior = decision?.action === "approve" ? "allow" : "deny";
    this.#options.events.addVerdict({ session, holder, at, requestId: code, behavior });
  }

  /** The decision is on disk. */
  told({ permission }: Pick<EndedApproval, "permission">): void {
    const session = permission && this.#options.table.byRow(permission.session);
    if (session !== undefined) this.#options.sessions.ring(session);
  }
}

function requestOf({ client, name }: KeptSession, asked: SessionPermission): ApprovalRequest {
  const { holder, request_id, tool_name, description = "", input_preview = "" } = asked;
  const whose = createHash("sha256").update(holder).digest("hex").slice(0, 8);
  const short = (text: string) => (text.length <= SHORT ? text : `${text.slice(0, SHORT).toWellFormed()}…`);
  const words = [short(description), short(input_preview), `Or write: yes ${request_id}, or no ${request_id}`];
  return {
    approval_id: `permission/${whose}/${request_id}`,
    client,
    source: name,
    title: `Allow ${shownLine(tool_name).slice(0, 100).toWellFormed()} in ${name}?`,
    description: words.filter((text) => text !== "").join("\n\n"),
    options: ["Allow", "Deny"],
    timeout_minutes: sessionLimits.permissionMinutes,
    on_timeout: "expire",
    required_approvals: 1,
  };
}
