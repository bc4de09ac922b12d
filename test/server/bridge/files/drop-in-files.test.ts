import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startTelegram } from "../../../telegram/telegram.ts";
import { bridgeFor, configFor, scratch, until } from "../support.ts";

const ANNA = { id: 1, first_name: "Anna" };

async function stage() {
  const directory = await scratch();
  const telegram = await startTelegram({ limits: false });
  const [eventsDir, responsesDir] = [join(directory.path, "events"), join(directory.path, "responses")];
  const config = configFor(join(directory.path, "data"), telegram.url, {
    ...{ eventsDir, responsesDir },
    telegram: { allowedUsers: [ANNA.id], updates: { mode: "Polling", pollSeconds: 1 } },
  });
  let bridge = await bridgeFor(config);
  const log = () => bridge.log.join("");
  const metric = (name: string) => bridge.metric(name);
  const files = async () =>
    (await readdir(responsesDir).catch(() => [])).filter((name) => !name.startsWith(".")).sort();
  return {
    ...{ telegram, eventsDir, responsesDir, files, log, metric, directory: directory.path },
    async restart() {
      await bridge.close();
      bridge = await bridgeFor(config);
    },
    written: (count: number) => until(`${count} files`, async () => (await files()).length >= count),
    [Symbol.asyncDispose]: async () => {
      await bridge.close();
      await telegram.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

describe("a bridge with folders", () => {
  test("delivers events that lie in the one, and writes what people say into the other, each once", async () => {
    await using s = await stage();
    await writeFile(join(s.eventsDir, "a.json"), JSON.stringify({ type: "build_failed", title: "It broke" }));
    await until("the message", () => s.telegram.delivered().length === 1);
    expect(s.telegram.delivered()[0]?.text).toMatch(/^❌ It broke\n\nIt broke/);
    await until("an empty folder", async () => (await readdir(s.eventsDir)).length === 0);
    expect(await s.metric("cc_telegram_file_watcher_events_total")).toBe(1);
    s.telegram.control({
      says: [
        { from: ANNA, text: "on it" },
        { from: ANNA, text: "done" },
      ],
    });
    await s.written(2);
    const [first] = await s.files();
    expect(first).toMatch(/^telegram_response_1_\d{8}_\d{6}_\d+\.json$/);
    expect(JSON.parse(await readFile(join(s.responsesDir, first ?? ""), "utf8"))).toMatchObject({
      ...{ user_id: ANNA.id, message_text: "on it", message_type: "text", event_id: null },
    });
    // Whoever has read them deletes them; they do not come again.
    for (const name of await s.files()) await rm(join(s.responsesDir, name));
    await s.restart();
    s.telegram.control({ says: [{ from: ANNA, text: "later" }] });
    await s.written(1);
    expect(await s.files()).toHaveLength(1);
  });

  test("writes the rest when the folder is one again, and into no file that a link leads to", async () => {
    await using s = await stage();
    const says = (text: string) => s.telegram.control({ says: [{ from: ANNA, text }] });
    says("one");
    await s.written(1);
    const [first = ""] = await s.files();
    await rm(s.responsesDir, { recursive: true });
    await writeFile(s.responsesDir, "in the way");
    says("two");
    await until("the problem", () => s.log().includes("responses cannot be written yet"));
    await rm(s.responsesDir);
    await mkdir(s.responsesDir);
    const precious = join(s.directory, "precious");
    await writeFile(precious, "precious");
    // Of anybody who may write there and knows which name comes next; the time in it is not known, so all of a while.
    const id = Number(/_(\d+)\.json$/.exec(first)?.[1]) + 1;
    const seconds = Array.from({ length: 120 }, (_, n) => new Date(Date.now() + (n - 60) * 1_000).toISOString());
    for (const at of seconds) {
      const time = at.slice(0, 19).replace(/[-:]/g, "").replace("T", "_");
      await symlink(precious, join(s.responsesDir, `.telegram_response_1_${time}_${id}.json.tmp`));
    }
    says("three");
    await s.written(2);
    const texts = await Promise.all(
      (await s.files()).map(
        async (name) => JSON.parse(await readFile(join(s.responsesDir, name), "utf8")).message_text,
      ),
    );
    expect(texts.toSorted()).toEqual(["three", "two"]);
    expect(await readFile(precious, "utf8")).toBe("precious");
  });
});
