import type { Accepted } from "../../contract/accepted.ts";
import type { BridgeStatus } from "../../contract/bridge-status.ts";
import type { Event } from "../../contract/event.ts";
import type { EventStatus } from "../../contract/event-status.ts";
import type { Response } from "../../contract/responses.ts";
import type { Approvals } from "./approvals/approvals.ts";
import { Assembly } from "./assembly.ts";
import type { Attention } from "./attention/attention.ts";
import type { Backups } from "./backup/backups.ts";
import type { Bridge, BridgeOptions } from "./bridge.ts";
import type { Control } from "./control/control.ts";
import { closing } from "./events.ts";
import { DropInFiles } from "./files/drop-in-files.ts";
import { startIntake } from "./intake/intake.ts";
import type { Monitoring } from "./monitoring/monitoring.ts";
import type { Pairings } from "./pairing/pairings.ts";
import { startUpkeep } from "./queue/upkeep.ts";
import type { Clearing, ResponseQuery } from "./receiving/responses.ts";
import type { RelayHub } from "./relay/relay.ts";
import { unusedChats } from "./routing/routing-table.ts";
import type { Channel } from "./sessions/channel.ts";
import type { SignatureFailure } from "./status/metrics.ts";
import { obstacles } from "./status/status.ts";
import type { Todos } from "./tasks/todos.ts";

/** A bridge from its start to its end, and what it answers. */
export class RunningBridge implements Bridge {
  readonly relay: RelayHub;
  readonly control: Control;
  readonly attention: Attention;
  readonly todos: Todos;
  readonly monitoring: Monitoring;
  readonly backups: Backups;
  readonly approvals: Approvals;
  readonly channel: Channel;
  readonly pairings: Pairings;
  readonly #options: BridgeOptions;
  readonly #parts: Assembly;
  #files: DropInFiles | undefined;
  #intake: Awaited<ReturnType<typeof startIntake>> | undefined;
  #stopUpkeep = () => {};
  #closing: Promise<void> | undefined;

  constructor(options: BridgeOptions, fetchImpl: typeof fetch) {
    this.#options = options;
    this.#parts = new Assembly({ ...options, fetch: fetchImpl, onSaid: () => this.#files?.said() });
    const { relay, control, attention, todos, monitoring, backups, conversation } = this.#parts;
    this.relay = relay;
    this.control = control;
    this.attention = attention;
    this.todos = todos;
    this.monitoring = monitoring;
    this.backups = backups;
    this.approvals = conversation.approvals;
    this.channel = conversation.channel;
    this.pairings = conversation.pairings;
  }

  get url(): string {
    return this.#intake?.url ?? "";
  }

  async start(): Promise<void> {
    const { config, logger } = this.#options;
    const { queue, pacer, delivery, progress, conversation, notices, reachability, isFenced, now } = this.#parts;
    const recovered = await queue.recover();
    pacer.restore(recovered, now());
    progress.wake();
    const { uncertain, pending } = recovered;
    logger.info({ pending: pending.length, uncertain }, "queue opened");
    const unused = unusedChats(config.telegram);
    if (unused.length > 0) logger.warn({ chats: unused }, "no route names these chats: they get nothing");
    const others = [conversation.inbox, this.channel, this.approvals, this.monitoring.journal, delivery];
    this.#stopUpkeep = startUpkeep({ queue, others, now, logger });
    await conversation.start();
    // Whoever has not been asked counts as not reachable: so nothing is sent.
    if (isFenced) logger.warn("the bridge is fenced: it asks Telegram nothing; messages are kept");
    else reachability.check();
    notices.start();
    this.monitoring.start();
    if (!(config.isHidden ?? false)) await this.#listen();
    // Only one that has its port: of two bridges by mistake this one must not take the updates and files of the other.
    this.#files = this.#dropInFiles();
    await this.#files.start();
    if (!isFenced) conversation.receiver.start();
  }

  #dropInFiles(): DropInFiles {
    const { config, logger } = this.#options;
    const { metrics, store, conversation, steady } = this.#parts;
    const accept = async (event: Event) => {
      await this.accept(event);
      metrics.files.inc();
    };
    return new DropInFiles({ config, logger, accept, steady, store, inbox: conversation.inbox });
  }

  async #listen(): Promise<void> {
    const { config, logger, audit, clock } = this.#options;
    const { secrets, observer, conversation, isFenced } = this.#parts;
    const { host, port } = config;
    const onSignatureFailure = (reason: SignatureFailure) => observer.signatureFailed(reason);
    const webhook = isFenced ? undefined : conversation.receiver.webhook();
    const gate = { secrets, clock, logger, audit, onSignatureFailure };
    this.#intake = await startIntake({ host, port, ...gate, bridge: this, webhook });
  }

  accept(event: Event): Promise<Accepted> {
    return this.#parts.events.accept(event);
  }

  eventStatus(eventId: string, client: string | undefined): EventStatus {
    return this.#parts.events.find(eventId, client).status;
  }

  status(): BridgeStatus {
    return this.#parts.state.status();
  }

  responses(query: ResponseQuery): readonly Response[] {
    const { client = "", session: name } = query;
    if (name !== undefined) this.channel.table.require({ client, name });
    return this.#parts.conversation.inbox.responses(query);
  }

  countResponses(query: ResponseQuery): number {
    return this.#parts.conversation.inbox.countResponses(query);
  }

  async clearResponses(clearing: Clearing): Promise<number> {
    if (this.#closing !== undefined) throw closing();
    return this.#parts.conversation.inbox.clearResponses(clearing);
  }

  obstacles(): readonly string[] {
    return obstacles(this.#parts.state.facts());
  }

  live(): boolean {
    return !this.#parts.queue.stats().broken;
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
    const { events, token, secrets, notices, conversation, progress, delivery, reachability, loop, queue } =
      this.#parts;
    events.close();
    token.stop();
    secrets.close();
    this.#stopUpkeep();
    notices.stop();
    this.relay.close();
    this.backups.stop();
    await Promise.all([this.#intake?.close(), this.#files?.stop(), conversation.stop()]);
    await progress.stop();
    await delivery.stop();
    reachability.stop();
    loop.stop();
    await this.monitoring.stop();
    await queue.close();
  }
}
