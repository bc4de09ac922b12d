import type { Bot } from "./bot.ts";
import type { Fault } from "./faults.ts";
import type { FloodLimits } from "./flood-control.ts";
import type { TestGroup } from "./groups.ts";
import type { Pressing, Saying } from "./people.ts";
import type { Parameters } from "./request-parameters.ts";
import type { World } from "./worlds.ts";

/** Body of `POST /control`: every field is optional and takes effect in this order. */
export type Control = {
  /** The id of the bot that it concerns, except for `tokens`; without it every bot, those to come included. */
  readonly bot?: number;
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
  /** Updates, without their ids. */
  readonly updates?: readonly Parameters[];
  /** The id of the next update. */
  readonly nextUpdateId?: number;
  /** What people write. */
  readonly says?: readonly Saying[];
  /** The buttons that people press. */
  readonly presses?: readonly Pressing[];
  /** Ids of messages that people delete. */
  readonly deleted?: readonly number[];
};

/** Changes the worlds that it concerns, from the next request on, and lets people talk to the bots in them. */
export function applyControl(control: Control, worlds: Iterable<World>, bots: Iterable<Bot>): void {
  for (const world of worlds) change(world, control);
  for (const bot of bots) talk(control, bot);
}

function change(world: World, control: Control): void {
  const { outage, unauthorised, limits, chats, blocked = [], migrated = [], groups = [] } = control;
  const { faults } = world;
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
}

function talk({ updates = [], nextUpdateId, migrated = [], ...by }: Control, bot: Bot): void {
  const { says = [], presses = [], deleted = [] } = by;
  if (nextUpdateId !== undefined) bot.updates.goOnFrom(nextUpdateId);
  for (const update of updates) bot.updates.push(update);
  for (const [from, to] of migrated) bot.hearMigration(from, to);
  for (const saying of says) bot.hear(saying);
  for (const pressing of presses) bot.press(pressing);
  for (const messageId of deleted) bot.lose(messageId);
}
