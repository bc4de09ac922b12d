import type { Action, BridgeMonitoring, Overview, ShownBan } from "../../../../../contract/monitoring.ts";
import { countText, numberText } from "../words/numbers.ts";
import { visibleText } from "../words/visible-text.ts";
import { EventButton, type Wanted } from "./event-button.tsx";
import { Section } from "./section.tsx";
import { Table } from "./table.tsx";
import { Clock, Foreign, Since, Until } from "./text.tsx";

type Of<Part> = { readonly bridge: BridgeMonitoring; readonly now: number } & Part;
type Asking = { readonly ask: (action: Action) => void };
type Following = { readonly follow: (wanted: Wanted) => void };

const partOf = (shown: number, total: number) =>
  total > shown ? `the newest ${shown} of ${numberText(total)}` : numberText(total);

export function DeadLetters({ bridge, now, ask, follow }: Of<Asking & Following>) {
  const rows = bridge.dead_letters;
  return (
    <Section
      id="dead-letters"
      title="Dead letters"
      note={rows.length > 0 && partOf(rows.length, bridge.queue.dead_letters)}
      none={rows.length === 0 ? "Telegram has refused no message for good." : undefined}
    >
      <Table
        caption="Messages that Telegram refused for good, the newest first"
        rows={rows}
        keyOf={({ id }) => id}
        columns={[
          { head: "Chat", cell: ({ chat }) => <Foreign text={chat} /> },
          { head: "Telegram's words", cell: ({ reason }) => <Foreign text={reason} /> },
          { head: "Client", cell: ({ client }) => <Foreign text={client} /> },
          {
            head: "Event",
            cell: ({ event_id, client }) => <EventButton id={event_id} client={client} follow={follow} />,
          },
          { head: "Refused", isShort: true, cell: ({ at }) => <Clock at={at} now={now} /> },
          {
            head: "What to do",
            isShort: true,
            cell: ({ id, chat }) => (
              <span class="row-actions">
                <button
                  type="button"
                  aria-label={`Retry message ${id} to ${visibleText(chat)}…`}
                  onClick={() => ask({ action: "retry_dead_letter", id })}
                >
                  Retry…
                </button>
                <button
                  type="button"
                  aria-label={`Drop message ${id} to ${visibleText(chat)}…`}
                  onClick={() => ask({ action: "drop_dead_letter", id })}
                >
                  Drop…
                </button>
              </span>
            ),
          },
        ]}
      />
    </Section>
  );
}

export function Approvals({ bridge: { approvals }, now }: Of<object>) {
  return (
    <Section
      id="approvals"
      title="Approvals that wait"
      note={approvals.length > 0 && numberText(approvals.length)}
      none={approvals.length === 0 ? "Nobody is asked to decide anything." : undefined}
    >
      <Table
        caption="Approvals that wait for people"
        rows={approvals}
        keyOf={({ approval_id }) => approval_id}
        columns={[
          { head: "Question", cell: ({ title }) => <Foreign text={title} /> },
          { head: "Client", cell: ({ client }) => <Foreign text={client} /> },
          { head: "Votes", isNumber: true, cell: ({ votes, required }) => `${votes} of ${required}` },
          { head: "Asked before", isNumber: true, cell: ({ asked_at }) => <Since at={asked_at} now={now} /> },
          { head: "Ends in", isNumber: true, cell: ({ expires_at }) => <Until at={expires_at} now={now} /> },
        ]}
      />
    </Section>
  );
}

export function Waits({ bridge: { pacing }, now }: Of<object>) {
  return (
    <Section
      id="waits"
      title="Rate limiter and pauses"
      note={`${numberText(pacing.messages_per_second)} messages a second over all chats`}
      none={pacing.waits.length === 0 ? "No chat waits for a limit, and Telegram asks for no pause." : undefined}
    >
      <Table
        caption="Chats that wait for a limit, or because Telegram asked for a pause"
        rows={pacing.waits}
        keyOf={({ chat, reason }) => `${chat} ${reason}`}
        columns={[
          { head: "Chat", cell: ({ chat }) => <Foreign text={chat} /> },
          { head: "Waits because", cell: ({ reason }) => <Foreign text={reason} /> },
          {
            head: "Goes on in",
            isNumber: true,
            cell: ({ until }) => (until === undefined ? "not known" : <Until at={until} now={now} />),
          },
        ]}
      />
    </Section>
  );
}

/** What Telegram and the way back from it are like, where something is wrong; and chats that refuse. */
export function Refusals({ bridge: { refusals, telegram, receiving, fenced }, now }: Of<object>) {
  const isHeard = receiving?.receiving !== false;
  return (
    <Section
      id="refusals"
      title="Telegram"
      note={refusals.length > 0 && countText(refusals.length, "chat refuses", "chats refuse")}
      none={
        telegram.reachable && isHeard && refusals.length === 0 ? "It answers, and no chat refuses messages." : undefined
      }
    >
      {!telegram.reachable && (
        <p>
          {fenced === undefined ? "Not reachable" : "Not asked"}:{" "}
          <Foreign text={telegram.error ?? "no reason is known"} />
        </p>
      )}
      {receiving !== undefined && !isHeard && fenced === undefined && (
        <p>
          What people say is not received (<Foreign text={receiving.mode} />
          ): <Foreign text={receiving.error ?? "no reason is known"} />
          {receiving.hint !== undefined && (
            <>
              {". "}
              <Foreign text={receiving.hint} />
            </>
          )}
        </p>
      )}
      {refusals.length > 0 && (
        <Table
          caption="Chats that refused messages"
          rows={refusals}
          keyOf={({ chat, reason }) => `${chat} ${reason}`}
          columns={[
            { head: "Chat", cell: ({ chat }) => <Foreign text={chat} /> },
            { head: "Telegram's words", cell: ({ reason }) => <Foreign text={reason} /> },
            { head: "Messages", isNumber: true, cell: ({ messages }) => numberText(messages) },
            { head: "Last", isShort: true, cell: ({ at }) => <Clock at={at} now={now} /> },
          ]}
        />
      )}
    </Section>
  );
}

const banWords = {
  authentication_failures: "wrong or missing keys",
  exceeded_limits: "exceeded limits",
} as const satisfies Record<ShownBan["reason"], string>;

type Banned = { readonly overview: Overview; readonly now: number } & Asking;

export function Bans({ overview: { bans, bans_total }, now, ask }: Banned) {
  return (
    <Section
      id="bans"
      title="Bans"
      note={bans.length > 0 && partOf(bans.length, bans_total)}
      none={bans.length === 0 ? "No address is banned." : undefined}
    >
      <Table
        caption="Addresses that are banned, the newest first"
        rows={bans}
        keyOf={({ address, client }) => `${address} ${client ?? ""}`}
        columns={[
          { head: "Address", cell: ({ address }) => <Foreign text={address} /> },
          {
            head: "For",
            cell: ({ reason, client }) => (
              <>
                {banWords[reason]}
                {client !== undefined && (
                  <span class="quiet">
                    {"; only the client "}
                    <Foreign text={client} />
                  </span>
                )}
              </>
            ),
          },
          { head: "Since", isShort: true, cell: ({ since }) => <Clock at={since} now={now} /> },
          { head: "Ends in", isNumber: true, cell: ({ until }) => <Until at={until} now={now} /> },
          {
            head: "On",
            isNumber: true,
            cell: ({ pods }) => <span title={visibleText(pods.join(", "))}>{countText(pods.length, "server")}</span>,
          },
          {
            head: "What to do",
            isShort: true,
            cell: ({ address }) => (
              <span class="row-actions">
                <button
                  type="button"
                  aria-label={`Lift the ban of ${visibleText(address)}…`}
                  onClick={() => ask({ action: "lift_ban", address })}
                >
                  Lift…
                </button>
              </span>
            ),
          },
        ]}
      />
    </Section>
  );
}
