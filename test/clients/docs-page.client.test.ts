import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { type Browser, type BrowserPage, startBrowser } from "./browser.ts";
import { measureContrast } from "./contrast.ts";
import { type Programs, startPrograms } from "./programs.ts";

const program = inject("browser");

/** The page at /docs in a Chromium, which enforces its content security policy. */
describe.skipIf(program === null)("the page at /docs", () => {
  let programs: Programs;
  let browser: Browser;
  let origin: string;
  beforeAll(async () => {
    programs = await startPrograms({ MCP_BASE_PATH: "/team" });
    origin = new URL(programs.url).origin;
    browser = await startBrowser(program ?? "");
  });
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    await programs?.[Symbol.asyncDispose]();
  });

  let page: BrowserPage;
  /** What the browser may complain about in this test. */
  let expected = /^$/;
  afterEach(() => {
    expect(page.complaints.filter((complaint) => !expected.test(complaint))).toEqual([]);
    expected = /^$/;
    expect(page.requests.filter((url) => !url.startsWith(`${origin}/`) && !url.startsWith("data:"))).toEqual([]);
  });

  const open = async (path = "/docs", theme?: "light" | "dark") => {
    page = await browser.open(`${origin}${path}`, theme === undefined ? {} : { theme });
    await vi.waitFor(async () =>
      expect(await page.evaluate("document.querySelectorAll('.operation').length")).toBeGreaterThan(10),
    );
    return page;
  };

  /** Presses Tab until the element has the focus. */
  const reach = async (selector: string) => {
    const isThere = `document.activeElement?.matches(${JSON.stringify(selector)}) ?? false`;
    for (let steps = 0; steps < 120; steps++) {
      if (await page.evaluate(isThere)) return;
      await page.press("Tab");
    }
    throw new Error(`the keyboard does not reach ${selector}`);
  };

  const told = (selector: string, expected: RegExp) =>
    vi.waitFor(async () =>
      expect(await page.evaluate(`document.querySelector(${JSON.stringify(selector)})?.textContent`)).toMatch(expected),
    );

  const operation = (path: string) => `[data-path="${path}"]`;

  /** Sends an operation with what is written into its fields, by keyboard. */
  const send = async (path: string, values: Readonly<Record<string, string>>) => {
    await reach(`${operation(path)} > summary`);
    await page.press("Enter");
    for (const [field, value] of Object.entries(values)) {
      await reach(`${operation(path)} [id$=".${field}"]`);
      await page.type(value);
    }
    await reach(`${operation(path)} form button`);
    await page.press("Enter");
  };

  test.each(["/docs", "/docs/", "/team/docs", "/team/docs/"])(
    "at %s a message is sent with the keyboard alone",
    async (path) => {
      await open(path);
      await reach("#key");
      await page.type(programs.key);
      await page.press("Enter");
      await told("#permitted", /^This key may call (\d+) of \1 tools\.$/);
      const message = `from the page at ${path}`;
      await send("/tools/send_telegram_message", { message });
      await told(`${operation("/tools/send_telegram_message")} [role=status]`, /200 OK.*"success": true/s);
      await programs.received(message);
    },
  );

  test("keeps the key to itself: not in storage, not in the command that it shows, not after a reload", async () => {
    await open();
    await reach("#key");
    await page.type(programs.key);
    await send("/tools/get_bridge_status", {});
    await told(`${operation("/tools/get_bridge_status")} [role=status]`, /200 OK/);
    const kept = `(async () => JSON.stringify([
      { ...localStorage }, { ...sessionStorage }, document.cookie, await indexedDB.databases(), await caches.keys(),
      location.href, document.documentElement.outerHTML,
    ]))()`;
    expect(await page.evaluate(kept)).not.toContain(programs.key);
    await page.evaluate("location.reload()");
    await vi.waitFor(async () =>
      expect(await page.evaluate("document.getElementById('key')?.value === ''")).toBe(true),
    );
  });

  test("shows what a stranger is told", async () => {
    expected = /status of 401/;
    await open();
    await send("/resources", {});
    await told(`${operation("/resources")} [role=status]`, /401 Unauthorized.*AUTHENTICATION_ERROR/s);
  });

  test("shows markup in an answer as text", async () => {
    expected = /status of 404/;
    await open();
    await reach("#key");
    await page.type(programs.key);
    const hostile = '"><img src=x onerror="document.title=1">';
    await send("/resources/cctelegram", { resource: hostile });
    await told(`${operation("/resources/cctelegram")} [role=status]`, /RESOURCE_NOT_FOUND.*<img src=x/s);
    expect(await page.evaluate("[document.images.length, document.title]")).toEqual([0, "CCTelegram REST"]);
  });

  test("puts what stands in a path into it, and shows the request that it is", async () => {
    expected = /status of 401/;
    await open();
    await send("/approvals/{id}", { id: "a/b c", wait: "1" });
    await told(`${operation("/approvals/{id}")} [role=status]`, /401 Unauthorized/);
    expect(page.requests).toContain(`${origin}/approvals/a%2Fb%20c?wait=1`);
  });

  test("tells of JSON that is none, and sends nothing", async () => {
    await open();
    await page.evaluate(`document.querySelector('${operation("/tools/send_telegram_event")}').open = true`);
    const choose = `document.querySelector('[id="send_telegram_event.type"]').value = "task_started"`;
    await vi.waitFor(() => page.evaluate(choose));
    await page.evaluate(`document.querySelector('${operation("/tools/send_telegram_event")}').open = false`);
    await send("/tools/send_telegram_event", { title: "t", description: "d", data: "{" });
    expect(await page.evaluate(`document.querySelector('[id="send_telegram_event.data"]').validationMessage`)).toMatch(
      "not JSON",
    );
    expect(page.requests.filter((url) => url.includes("/tools/"))).toEqual([]);
  });

  test("lets no script of others run, and sends nothing elsewhere", async () => {
    expected = /TrustedHTML|TrustedScript|Content Security Policy/i;
    await open();
    const refused = (expression: string) =>
      page.evaluate<string>(`(async () => { ${expression} })().then(() => "done", () => "refused")`);
    expect(await refused("document.body.innerHTML = '<b>x</b>'")).toBe("refused");
    expect(
      await refused(
        "document.head.append(Object.assign(document.createElement('script'), { text: 'document.title = 1' }))",
      ),
    ).toBe("refused");
    expect(await refused("eval('1')")).toBe("refused");
    expect(await refused("await fetch('http://127.0.0.1:9/')")).toBe("refused");
    expect(await page.evaluate("document.title")).toBe("CCTelegram REST");
  });

  test.each(["light", "dark"] as const)("can be read in the %s theme", async (theme) => {
    await open("/docs", theme);
    await send("/health/live", {});
    await told(`${operation("/health/live")} [role=status]`, /200 OK/);
    const [ground, contrasts] = await page.evaluate<[string, Record<string, number>]>(measureContrast);
    expect(ground).toBe(theme === "light" ? "rgb(255, 255, 255)" : "rgb(20, 23, 26)");
    expect(Object.keys(contrasts).length).toBeGreaterThan(8);
    for (const [what, contrast] of Object.entries(contrasts)) expect(contrast, what).toBeGreaterThanOrEqual(4.5);
  });
});
