import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { type Browser, startBrowser } from "../browser.ts";
import { closeDashboard, type OpenedDashboard, openDashboard } from "./opened.ts";
import { overviewOf } from "./states.ts";

const program = inject("browser");

/** Of thousands of overviews, as they come in an hour with much to do. */
describe.skipIf(program === null)("the dashboard of a busy hour", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser(program ?? "");
  });
  afterAll(() => browser?.[Symbol.asyncDispose]());

  let opened: OpenedDashboard;
  afterEach(() => closeDashboard(opened));

  /** Tells overviews of a busy hour, each when the one before is seen. */
  const tellBeats = async (from: number, to: number) => {
    const { served, page } = opened;
    for (let beat = from; beat <= to; beat++) {
      served.tell(overviewOf("busy", Date.now(), beat));
      const shown = (8_377 + beat).toLocaleString("en");
      await page.evaluate(`new Promise((resolve) => {
        const value = document.querySelector(".figure:nth-child(2) .value");
        const look = () => value.textContent === ${JSON.stringify(shown)} && (watcher.disconnect(), resolve());
        const watcher = new MutationObserver(look);
        watcher.observe(value, { childList: true, characterData: true, subtree: true });
        look();
      })`);
    }
  };

  /** Otherwise a page shows at most four overviews a second. */
  const hasten = () =>
    opened.page.evaluate(
      "(() => { const { setTimeout: real } = globalThis; globalThis.setTimeout = (task, wait, ...rest) => real(task, wait < 1_000 ? 0 : wait, ...rest); })()",
    );

  test("after 2,000 overviews it keeps no more than before", { timeout: 400_000 }, async () => {
    opened = await openDashboard(browser, "busy");
    const { page } = opened;
    await hasten();
    // The activity of a busy hour repeats itself after 1564 beats, so both pages are of the same elements.
    await tellBeats(1, 436);
    const before = await page.held();
    await tellBeats(437, 2_000);
    const after = await page.held();
    expect(after.nodes).toBeLessThanOrEqual(before.nodes + 20);
    expect(after.listeners).toBeLessThanOrEqual(before.listeners + 5);
    expect(after.heap).toBeLessThan(before.heap + 1024 * 1024);
    expect(await page.evaluate("document.querySelectorAll('.activity > li').length")).toBe(100);
  });

  test("numbers that change move nothing, and are not read out", async () => {
    opened = await openDashboard(browser, "busy");
    const { page } = opened;
    await hasten();
    await tellBeats(1, 2);
    await page.evaluate(`(() => {
      globalThis.moved = [];
      const watcher = new PerformanceObserver((list) => {
        for (const { sources } of list.getEntries())
          for (const { node } of sources) {
            const element = node?.nodeType === 3 ? node.parentElement : node;
            if (element && !element.closest(".activity")) moved.push(element.outerHTML.slice(0, 200));
          }
      });
      watcher.observe({ type: "layout-shift" });
      globalThis.said = 0;
      const listener = new MutationObserver(() => { said += 1; });
      for (const region of document.querySelectorAll("[role=status], [role=alert], [aria-live]"))
        listener.observe(region, { childList: true, characterData: true, subtree: true });
    })()`);
    await tellBeats(3, 80);
    expect(
      await page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(moved))))"),
    ).toEqual([]);
    expect(await page.evaluate("said")).toBe(0);
    opened.served.tell(overviewOf("failing", Date.now()));
    await vi.waitFor(async () => expect(await page.evaluate("said")).toBeGreaterThan(0));
    await vi.waitFor(async () =>
      expect(await page.evaluate("document.querySelector('p.unseen[role=status]')?.textContent")).toMatch(
        /Now degraded|Alert: .*MessagesDelayed/,
      ),
    );
  });
});
