import { Faults } from "./faults.ts";
import { FloodControl, type FloodLimits } from "./flood-control.ts";
import type { Chats } from "./groups.ts";

/** What surrounds one bot: its chats, its limits (Telegram counts by bot), and what goes wrong. */
export type World = Chats & {
  readonly flood: FloodControl;
  readonly faults: Faults;
  /** Milliseconds that never go backwards. */
  readonly steady: () => number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

type WorldOptions = Pick<World, "chats" | "steady" | "clock"> & { readonly limits: FloodLimits | false };

/** A world for each bot. One that nobody has seen yet finds what was done to all. */
export class Worlds {
  readonly #unseen: World;
  readonly #seen = new Map<number, World>();

  constructor({ limits, ...rest }: WorldOptions) {
    const chats = { blocked: new Set<number>(), groups: new Map(), migrated: new Map() };
    this.#unseen = { ...rest, ...chats, flood: new FloodControl(limits), faults: new Faults() };
  }

  of(bot: number): World {
    const world = this.#seen.get(bot) ?? copyOf(this.#unseen);
    this.#seen.set(bot, world);
    return world;
  }

  /** Those that a control concerns: of one bot, or of all, those to come included. */
  concernedBy(bot: number | undefined): readonly World[] {
    return bot === undefined ? [this.#unseen, ...this.#seen.values()] : [this.of(bot)];
  }
}

function copyOf({ blocked, groups, migrated, flood, faults, ...rest }: World): World {
  return {
    ...rest,
    blocked: new Set(blocked),
    groups: new Map(groups),
    migrated: new Map(migrated),
    flood: new FloodControl(flood.limits),
    faults: faults.copy(),
  };
}
