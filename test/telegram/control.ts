import type { Bot, World } from "./bot.ts";
import type { Fault, Faults } from "./faults.ts";
import type { FloodLimits } from "./flood-control.ts";
import type { TestGroup } from "./groups.ts";
import type { Pressing, Saying } from "./people.ts";
import type { Parameters } from "./request-parameters.ts";

/** Body of `POST /control`: every field is optional and takes effect in this order. */
export type Control = {
  /** Forgets planned faults, ends outages, unblocks chats. */
  readonly reset?: boolean;
  readonly faults?: readonly Fault[];
  readonly outage?: boolean;
  readonly unauthorised?: boolean;
  /** The tokens that exist from now on: all others are revoked. */
  readonly tokens?: readonly string[];
  readonly limits?: FloodLimits | false;
  /** Chats that exist; null = all. */
  readonly chats?: readonly number[] | null;
  readonly blocked?: readonly number[];
  /** Groups and channels, each as it is from now on. */
  readonly groups?: readonly TestGroup[];
  readonly migrated?: readonly (readonly [from: number, to: number])[];
  /** The id of the bot that what follows concerns; without it every bot. */
  readonly bot?: number;
  /** Updates for every bot, without their ids. */
  readonly updates?: readonly Parameters[];
  /** The id of the next update, of every bot. */
  readonly nextUpdateId?: number;
  /** What people write to every bot. */
  readonly says?: readonly Saying[];
  /** The buttons that people press, of every bot. */
  readonly presses?: readonly Pressing[];
  /** Ids of messages that people delete, of every bot. */
  readonly deleted?: readonly number[];
};

/** Changes how the server behaves from the next request on. */
export function applyControl(control: Control, world: World, faults: Faults, bots: Iterable<Bot>): void {
  const { outage, unauthorised, limits, chats, updates = [], blocked = [], migrated = [], groups = [] } = control;
  if (control.reset === true) {
    faults.clear();
    world.blocked.clear();
    world.migrated.clear();
    world.groups.clear();
  }
  faults.plan(...(control.faults ?? []));
  if (outage !== undefined) faults.outage = outage;
  if (unauthorised !== undefined) faults.unauthorised = unauthorised;
  if (limits !== undefined) world.flood.limits = limits;
  if (chats !== undefined) world.chats = chats === null ? undefined : new Set(chats);
  for (const chat of blocked) world.blocked.add(chat);
  for (const group of groups) world.groups.set(group.id, group);
  for (const [from, to] of migrated) world.migrated.set(from, to);
  for (const bot of bots) if ((control.bot ?? bot.id) === bot.id) talk(control, bot, updates);
}

function talk(
  { nextUpdateId, says = [], presses = [], deleted = [] }: Control,
  bot: Bot,
  updates: readonly Parameters[],
): void {
  if (nextUpdateId !== undefined) bot.updates.goOnFrom(nextUpdateId);
  for (const update of updates) bot.updates.push(update);
  for (const saying of says) bot.hear(saying);
  for (const pressing of presses) bot.press(pressing);
  for (const messageId of deleted) bot.lose(messageId);
}
