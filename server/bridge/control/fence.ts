import type { Fence } from "../../../contract/control.ts";
import type { Store } from "../storage/store.ts";

type FenceOptions = { readonly store: Store; readonly isFenced: boolean; readonly now: () => number };

const name = "fenced_since";

/** Since when the bridge is fenced, which a restart does not change: it stands in the bridge's file. */
export function fenceOf({ store, isFenced, now }: FenceOptions): Fence | undefined {
  const row = store.db.prepare("SELECT value FROM settings WHERE name = ?").get(name);
  const since = isFenced ? Number(row?.value ?? Math.floor(now())) : undefined;
  if (isFenced !== (row !== undefined)) void store.write(() => keep(store, since)).catch(() => {});
  return since === undefined ? undefined : { since: new Date(since).toISOString() };
}

function keep({ db }: Store, since: number | undefined): void {
  if (since === undefined) db.prepare("DELETE FROM settings WHERE name = ?").run(name);
  else db.prepare("INSERT OR IGNORE INTO settings (name, value) VALUES (?, ?)").run(name, since);
}
