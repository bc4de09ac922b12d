import type { EventState } from "../../contract/event-status.ts";
import { eventTopic, type Publication, statusTopic } from "../../contract/relay.ts";

/** What people see of the bridge at a glance. */
export type Look = { readonly health: string; readonly telegram_reachable: boolean };

export type NoticesOptions = {
  readonly publish: (publication: Publication) => void;
  readonly look: () => Look;
};

const LOOK_EVERY_MS = 2_000;

/** What the bridge itself tells the servers: how events go on, and that its status changed, at most every 2 s. */
export class Notices {
  readonly #options: NoticesOptions;
  #timer: NodeJS.Timeout | undefined;
  #last = "";

  constructor(options: NoticesOptions) {
    this.#options = options;
  }

  event(event_id: string, client: string, state: EventState): void {
    this.#options.publish({ topic: eventTopic(event_id), text: JSON.stringify({ event_id, client, state }) });
  }

  start(): void {
    this.#last = this.#look();
    this.#timer = setInterval(() => this.#tell(), LOOK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tell(): void {
    const text = this.#look();
    if (text === this.#last) return;
    this.#last = text;
    this.#options.publish({ topic: statusTopic, text });
  }

  #look(): string {
    return JSON.stringify(this.#options.look());
  }
}
