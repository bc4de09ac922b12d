import type { ApprovalNotice } from "../../../contract/approvals.ts";
import {
  approvalTopic,
  type ChannelNotice,
  channelTopic,
  type EventNotice,
  eventTopic,
  type Publication,
  type ResponseNotice,
  responsesTopic,
  type StatusNotice,
  sessionsTopic,
  statusTopic,
} from "../../../contract/relay.ts";
import { type Facts, healthOf } from "../status/status.ts";

export type NoticesOptions = {
  readonly publish: (publication: Publication) => void;
  readonly facts: () => Facts;
};

const LOOK_EVERY_MS = 2_000;
const SESSIONS_EVERY_MS = 250;

/** What the bridge itself tells the servers: how events go on, and that its status changed, at most every 2 s. */
export class Notices {
  readonly #options: NoticesOptions;
  #timer: NodeJS.Timeout | undefined;
  #last = "";
  /** Clients whose sessions have changed, and are told soon. */
  readonly #changed = new Map<string, NodeJS.Timeout>();

  constructor(options: NoticesOptions) {
    this.#options = options;
  }

  event(notice: EventNotice): void {
    this.#options.publish({ topic: eventTopic(notice.event_id), text: JSON.stringify(notice) });
  }

  approval(notice: ApprovalNotice): void {
    this.#options.publish({ topic: approvalTopic(notice.approval_id), text: JSON.stringify(notice) });
  }

  /** The doorbell of a session. */
  channel(session: number, notice: ChannelNotice): void {
    this.#options.publish({ topic: channelTopic(session), text: JSON.stringify(notice) });
  }

  /** The sessions of a client are others now, or what waits for them: told once for what comes together, when that is on disk. */
  sessions(client: string): void {
    if (this.#changed.has(client)) return;
    const tell = () => {
      this.#changed.delete(client);
      this.#options.publish({ topic: sessionsTopic(client), text: JSON.stringify({ client }) });
    };
    this.#changed.set(client, setTimeout(tell, SESSIONS_EVERY_MS));
  }

  /** Somebody said something: in answer to an event, to a session of a client, or to nobody. */
  response(event: { readonly id: string; readonly client: string } | undefined, client?: string): void {
    const whose = client === undefined ? {} : { client };
    const notice: ResponseNotice = event === undefined ? whose : { event_id: event.id, client: event.client };
    this.#options.publish({ topic: responsesTopic, text: JSON.stringify(notice) });
  }

  start(): void {
    this.#last = this.#look();
    this.#timer = setInterval(() => this.#tell(), LOOK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const timer of this.#changed.values()) clearTimeout(timer);
    this.#changed.clear();
  }

  #tell(): void {
    const text = this.#look();
    if (text === this.#last) return;
    this.#last = text;
    this.#options.publish({ topic: statusTopic, text });
  }

  /** A disk that cannot be read says nothing new; whoever asks for the status is told. */
  #look(): string {
    try {
      const facts = this.#options.facts();
      const notice: StatusNotice = { health: healthOf(facts), telegram_reachable: facts.telegram.reachable };
      return JSON.stringify(notice);
    } catch {
      return this.#last;
    }
  }
}
