import { useEffect, useRef, useState } from "preact/hooks";
import type { EventTrace } from "../../../../../contract/monitoring.ts";
import { type Answer, readJson } from "../api.ts";
import { countText } from "../words/numbers.ts";
import { clockText, millisecondsText } from "../words/times.ts";
import { visibleText } from "../words/visible-text.ts";
import type { Wanted } from "./event-button.tsx";
import { Icon, type Tone } from "./icon.tsx";
import { Section } from "./section.tsx";
import { Clock, Foreign } from "./text.tsx";

const stateWords = {
  waiting: { tone: "quiet", word: "waits" },
  sent: { tone: "good", word: "was sent" },
  refused: { tone: "bad", word: "was refused" },
  partly_refused: { tone: "warning", word: "was refused in part" },
  expired: { tone: "stopped", word: "was not sent in time" },
} as const satisfies Record<EventTrace["status"]["state"], { tone: Tone; word: string }>;

const stepWords = {
  called: { tone: "quiet", word: "called" },
  accepted: { tone: "quiet", word: "accepted" },
  queued: { tone: "quiet", word: "queued" },
  attempted: { tone: "quiet", word: "sent to Telegram" },
  waiting: { tone: "stopped", word: "waits" },
  delivered: { tone: "good", word: "delivered" },
  refused: { tone: "bad", word: "refused" },
  muted: { tone: "stopped", word: "muted" },
  expired: { tone: "stopped", word: "expired" },
  reply: { tone: "good", word: "reply" },
} as const satisfies Record<EventTrace["steps"][number]["what"], { tone: Tone; word: string }>;

const traceOf = ({ id, client }: Wanted) =>
  readJson<EventTrace>(
    `events/${encodeURIComponent(id.toWellFormed())}${client ? `?client=${encodeURIComponent(client.toWellFormed())}` : ""}`,
  );

/** One event from the call to Telegram: of an activity that was clicked, or by its id. */
export function Trace({
  wanted,
  now,
  follow,
}: {
  readonly wanted: Wanted | undefined;
  readonly now: number;
  readonly follow: (wanted: Wanted) => void;
}) {
  const [answer, setAnswer] = useState<Answer<EventTrace>>();
  const result = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (wanted === undefined) return;
    let isWanted = true;
    setAnswer(undefined);
    void traceOf(wanted).then((told) => isWanted && setAnswer(told));
    return () => {
      isWanted = false;
    };
  }, [wanted]);
  useEffect(() => {
    if (answer === undefined) return;
    result.current?.closest("section")?.scrollIntoView({ block: "start" });
    result.current?.focus({ preventScroll: true });
  }, [answer]);
  return (
    <Section id="trace" title="Follow one event">
      <Asked wanted={wanted} follow={follow} />
      {wanted !== undefined && (
        <div class="trace">
          <h3 ref={result} tabIndex={-1}>
            Event <Foreign text={wanted.id} />
          </h3>
          {answer === undefined && <p>Looking…</p>}
          {answer?.ok === false && (
            <p class="problem">
              <Icon tone="bad" />
              <span>
                <Foreign text={answer.problem} />
                {answer.status === 404 && " Check the id, and that the client is the one that sent it."}
              </span>
            </p>
          )}
          {answer?.ok === true && <Told trace={answer.body} now={now} />}
        </div>
      )}
    </Section>
  );
}

function Asked({ wanted, follow }: { readonly wanted: Wanted | undefined; readonly follow: (wanted: Wanted) => void }) {
  const id = useRef<HTMLInputElement>(null);
  const client = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (wanted === undefined || id.current === null || client.current === null) return;
    id.current.value = wanted.id;
    client.current.value = wanted.client ?? "";
  }, [wanted]);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    follow({ id: id.current?.value.trim() ?? "", client: client.current?.value.trim() || undefined });
  };
  const plain = { autocomplete: "off", spellcheck: false, autocapitalize: "off" } as const;
  return (
    <form class="fields" onSubmit={submit}>
      <label>
        <span>Event id</span>
        <input ref={id} type="text" required maxLength={256} {...plain} />
      </label>
      <label>
        <span>Client that sent it, if you know</span>
        <input ref={client} type="text" maxLength={256} {...plain} />
      </label>
      <button type="submit">Follow</button>
    </form>
  );
}

function Told({ trace, now }: { readonly trace: EventTrace; readonly now: number }) {
  const { status, client, trace_id, request_id, steps } = trace;
  const { tone, word } = stateWords[status.state];
  const { total, sent, waiting, refused } = status.messages;
  const began = Date.parse(steps[0]?.at ?? status.accepted_at);
  return (
    <>
      <p class="remark">
        <Icon tone={tone} />
        <span>
          It {word}: {countText(total, "message")}, {sent} sent, {waiting} waiting, {refused} refused
          {status.muted !== undefined && `, ${status.muted.messages} muted`}
          {status.expired !== undefined && `, ${status.expired} expired`}.
          {status.waiting !== undefined && (
            <>
              {" The next one waits: "}
              <Foreign text={status.waiting.reason} />
              {status.waiting.until !== undefined && ` (until ${visibleText(clockText(status.waiting.until, now))})`}.
            </>
          )}
        </span>
      </p>
      <ol class="steps">
        {steps.map((step, index) => (
          <Step key={index} step={step} began={began} now={now} />
        ))}
      </ol>
      <dl class="ids">
        <dt>Client</dt>
        <dd>
          <Foreign text={client} />
        </dd>
        {request_id !== undefined && (
          <>
            <dt>Request</dt>
            <dd>
              <Foreign text={request_id} />
            </dd>
          </>
        )}
        {trace_id !== undefined && (
          <>
            <dt>Trace</dt>
            <dd>
              <Foreign text={trace_id} />
            </dd>
          </>
        )}
      </dl>
    </>
  );
}

type OneStep = { readonly step: EventTrace["steps"][number]; readonly began: number; readonly now: number };

function Step({ step: { at, what, chat, message_id, detail }, began, now }: OneStep) {
  const { word, tone } = stepWords[what] ?? { word: what, tone: "quiet" };
  const after = Date.parse(at) - began;
  return (
    <li>
      <Icon tone={tone} />
      <div>
        <p class="line-head">
          <Clock at={at} now={now} />
          <strong>{word}</strong>
          {after > 0 && <span class="quiet">+{millisecondsText(after)}</span>}
          {chat !== undefined && <Foreign text={chat} />}
          {message_id !== undefined && <span class="quiet">message {message_id}</span>}
        </p>
        {detail !== undefined && (
          <p class="line-text">
            <Foreign text={detail} />
          </p>
        )}
      </div>
    </li>
  );
}
