import type { Event } from "../../../contract/event.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { BridgeConfig } from "../config.ts";
import type { Inbox } from "../receiving/inbox.ts";
import type { Store } from "../storage/store.ts";
import { EventsFolder } from "./events-folder.ts";
import { ResponseFiles } from "./response-files.ts";

export type DropInFilesOptions = {
  readonly config: Pick<BridgeConfig, "eventsDir" | "responsesDir">;
  readonly store: Store;
  readonly inbox: Pick<Inbox, "responsesAfter" | "newestResponse">;
  readonly accept: (event: Event) => Promise<unknown>;
  readonly logger: Logger;
  /** Steady milliseconds. */
  readonly steady: () => number;
};

/** Files by which programs of co8/cctelegram go on working: events come in by them, and what people say goes out. */
export class DropInFiles {
  readonly #events: EventsFolder | undefined;
  readonly #responses: ResponseFiles | undefined;

  constructor({ config, store, inbox, accept, logger, steady }: DropInFilesOptions) {
    const { eventsDir, responsesDir } = config;
    this.#events =
      eventsDir === undefined ? undefined : new EventsFolder({ path: eventsDir, accept, logger, now: steady });
    this.#responses =
      responsesDir === undefined
        ? undefined
        : new ResponseFiles({
            ...{ path: responsesDir, store, logger },
            after: (id) => inbox.responsesAfter(id),
            newest: () => inbox.newestResponse,
          });
  }

  async start(): Promise<void> {
    await Promise.all([this.#responses?.start(), this.#events?.start()]);
  }

  /** Somebody has said something. */
  said(): void {
    this.#responses?.wake();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#events?.stop(), this.#responses?.stop()]);
  }
}
