import axe from "axe-core";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { type Browser, type BrowserPage, type Showing, startBrowser } from "../browser.ts";
import { measureContrast } from "../contrast.ts";
import { closeDashboard, desktop, openDashboard } from "./opened.ts";
import { type ServedDashboard, serveDashboard } from "./serve-dashboard.ts";
import { eventId, hostileText, overviewOf, type StateName, stateNames } from "./states.ts";

const program = inject("browser");

const phone = { width: 360, height: 740 };

/** The dashboard's page in a Chromium, which enforces its content security policy. */
describe.skipIf(program === null)("the dashboard", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser(program ?? "");
  });
  afterAll(() => browser?.[Symbol.asyncDispose]());

  let served: ServedDashboard;
  let page: BrowserPage;
  /** What the browser may complain about in this test. */
  let expected = /^$/;
  afterEach(async () => {
    await closeDashboard({ served, page }, expected);
    expected = /^$/;
  });

  const text = (selector: string) =>
    page.evaluate<string | undefined>(`document.querySelector(${JSON.stringify(selector)})?.textContent`);

  const told = (selector: string, words: RegExp) => vi.waitFor(async () => expect(await text(selector)).toMatch(words));

  const click = (selector: string) => page.evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`);

  const open = async (state: StateName, showing: Showing = desktop, path?: string) => {
    ({ served, page } = await openDashboard(browser, state, showing, path));
  };

  /** Presses Tab until the element has the focus. */
  const reach = async (selector: string) => {
    const isThere = `document.activeElement?.matches(${JSON.stringify(selector)}) ?? false`;
    for (let steps = 0; steps < 400; steps++) {
      if (await page.evaluate(isThere)) return;
      await page.press("Tab");
    }
    throw new Error(`the keyboard does not reach ${selector}`);
  };

  /** Waits until the question about an action is there, with the focus in the field for the key. */
  const isAsked = () =>
    vi.waitFor(async () => expect(await page.evaluate("document.activeElement?.matches('dialog input')")).toBe(true));

  /** What axe-core finds: each rule with the elements that break it. */
  const findings = async () => {
    await page.evaluate(`${axe.source};0`);
    return JSON.parse(
      await page.evaluate<string>(
        "axe.run().then(({ violations }) => JSON.stringify(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])))",
      ),
    );
  };

  const isAccessible = async () => {
    expect(await findings()).toEqual([]);
    const [, contrasts] = await page.evaluate<[string, Record<string, number>]>(measureContrast);
    expect(Object.keys(contrasts).length).toBeGreaterThan(10);
    for (const [what, contrast] of Object.entries(contrasts)) expect(contrast, what).toBeGreaterThanOrEqual(4.5);
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  };

  const verdicts: Readonly<Record<StateName, RegExp>> = {
    empty: /^Healthy for 1 min/,
    busy: /^Healthy for 3 d/,
    failing: /^Degraded for 31 min/,
    "no bridge": /^Unhealthy for 5 min/,
    hostile: /^Degraded/,
  };
  const showings = [desktop, phone].flatMap((size) => [
    { ...size, theme: "light" as const },
    { ...size, theme: "dark" as const },
  ]);

  describe.each(stateNames)("in the state %s", (state) => {
    test.each(showings)("axe-core finds nothing, $theme and $width px wide", async (showing) => {
      await open(state, showing);
      await told("#verdict-title", verdicts[state]);
      await isAccessible();
    });
  });

  test.each([360, 672, 768, 1_088, 1_210, 1_281])(
    "at %d px nothing is wider than the page or below its end",
    async (width) => {
      await open("failing", { width, height: 900 });
      await click("[aria-controls=history-table]");
      await told("#history-table caption", /^The last hour/);
      const beyond = `(() => {
      const { bottom } = document.querySelector("main").getBoundingClientRect();
      return [document.documentElement.scrollWidth - innerWidth, Math.round(document.documentElement.scrollHeight - scrollY - bottom)];
    })()`;
      expect(await page.evaluate(beyond)).toEqual([0, 0]);
    },
  );

  test.each(["/", "/monitoring/"])("at %s it tells what it is told, as it comes", async (path) => {
    await open("busy", desktop, path);
    await told(".link", /^Live/);
    served.tell({ ...overviewOf("failing", Date.now()), name: "other" });
    await told("h1", /other/);
    await told("#verdict-title", /^Degraded/);
    expect(await page.evaluate("document.title")).toBe("Degraded: other – CCTelegram");
  });

  test("works when its address has a name and a password, which scripts may not ask with", async () => {
    served = await serveDashboard("busy");
    page = await browser.open(served.url.replace("//", "//admin:a-long-password@"), desktop);
    await told("#history-table, .plot-frame + .readings", /waiting \d/);
    await told(".link", /^Live/);
    expect(page.requests.slice(1).filter((url) => url.includes("@"))).toEqual([]);
  });

  test("says what it is about: reasons, queue, deliveries, limits, approvals, bans, dead letters, alerts, pods", async () => {
    await open("failing");
    await told(".reasons", /Telegram not reachable: getMe.*fuller than 90 %.*stopped by claude/s);
    await told(".verdict", /Delivery has been stopped for 12 min by claude/);
    await told(".figures", /9,214of 10,000; oldest 31 min 11 s.*2,020.*137 refused; 4,411 retries/s);
    await told("#waits", /all chats.*Telegram asked for a pause of 37 s/s);
    await told(
      "#refusals",
      /Not reachable: getMe.*What people say is not received \(polling\).*way out of the cluster/s,
    );
    await told("#approvals", /Deploy 1\.42.*1 of 2/s);
    await told("#bans", /the newest 8 of 214.*203\.0\.113\.70.*only the client ci/s);
    await told("#dead-letters", /the newest 6 of 137.*TOPIC_CLOSED/s);
    await told("#alerts", /MessagesDelayed.*fires.*RateLimitViolations.*does not fire yet/s);
    await told("#alerts", /docs\/runbooks\/AuthenticationFailures\.md/);
    await told("#pods", /9hnvw.*the file of API keys is empty.*1,804.*kk4tz.*Draining.*team-bridge-0/s);
  });

  test("one process that is server and bridge is shown as both, and its pause is not called delivery", async () => {
    await open("empty");
    const overview = overviewOf("empty", Date.now());
    const pods = overview.pods.map((pod) => ({ ...pod, name: "local" }));
    const paused = { since: new Date().toISOString(), by: "claude" };
    const { bridge } = overview;
    if (!bridge.reachable) throw new Error("the bridge of this state is reachable");
    served.tell({ ...overview, pods, bridge: { ...bridge, state: { ...bridge.state, paused } } });
    await told("#pods tbody", /local.*server.*local.*bridge/s);
    await told(".verdict", /Messages are taken\.Delivery has been stopped/);
  });

  test("a fenced bridge is shown as what its operator wants, not as a Telegram that is down", async () => {
    await open("empty");
    const overview = overviewOf("empty", Date.now());
    const { bridge } = overview;
    if (!bridge.reachable) throw new Error("the bridge of this state is reachable");
    const telegram = { reachable: false, error: "the bridge is fenced by its operator" };
    const fenced = { since: new Date(Date.now() - 300_000).toISOString() };
    served.tell({ ...overview, bridge: { ...bridge, state: { ...bridge.state, telegram, fenced } } });
    await told(".verdict", /Messages are taken\.The bridge has been fenced by its operator for 5 min/);
    await told(".figures", /not asked: the bridge is fenced/);
    await told("#refusals", /Not asked: the bridge is fenced/);
  });

  test("without a bridge it shows what the servers know, and offers nothing that needs a bridge", async () => {
    await open("no bridge");
    await told(".verdict", /the bridge does not answer: connect ECONNREFUSED.*No bridge has answered for 5 min/s);
    expect(await page.evaluate("document.querySelectorAll('.verdict button').length")).toBe(0);
    await told(".figures", /not known without the bridge.*0 of 3 healthy/s);
    await told("#bans", /203\.0\.113\.77/);
  });

  test("texts of others stay texts, and what hides in them is shown", async () => {
    await open("hostile");
    expected = /status of 404/;
    await told("#activity", /⟨U\+202E⟩gpj\.exe⟨U\+2066⟩⟨U\+200B⟩⟨U\+0000⟩/);
    await click(".activity .event-id");
    await told(".trace .problem", /no such event/);
    await click(".verdict .actions button");
    await isAsked();
    await click("dialog .dialog-actions button");
    await vi.waitFor(async () => expect(await text("dialog")).toBeUndefined());
    await click("#dead-letters .row-actions button");
    await told("#action-effect", /<img src=x onerror=.*⟨U\+202E⟩/);
    const shown = await page.evaluate<string>("document.body.innerText + document.body.outerHTML");
    expect(shown).not.toMatch(/[\u202E\u2066\u200B\0]/);
    expect(await page.evaluate("[document.images.length, document.scripts.length]")).toEqual([0, 1]);
    expect(await page.evaluate("document.title")).toMatch(/^Degraded: "><img src=x onerror=/);
    expect(hostileText).toMatch(/\u202E/);
  });

  describe("an action", () => {
    const drop = "#dead-letters .row-actions button:last-child";

    test("is asked about, needs a key, and is done with the keyboard alone", async () => {
      await open("busy");
      await reach(drop);
      await page.press("Enter");
      await told("dialog", /Drop a dead letter.*client ci to Carl.*deleted for good.*manage_dead_letters/s);
      expect(await findings()).toEqual([]);
      await reach("dialog input");
      await page.type(served.keys.admin);
      await page.press("Enter");
      await told(".notice", /Done: drop_dead_letter/);
      expect(served.actions).toEqual([{ action: "drop_dead_letter", id: 71 }]);
      expect(await page.evaluate("[document.querySelector('dialog'), document.activeElement.id]")).toEqual([
        null,
        "dead-letters-title",
      ]);
      // The key is held for the next one.
      await reach("#bans .row-actions button");
      await page.press("Enter");
      await told("dialog", /Lift a ban.*203\.0\.113\.77 may call again/s);
      expect(await page.evaluate("document.querySelector('dialog input')")).toBeNull();
      await reach("dialog [type=submit]");
      await page.press("Enter");
      await told(".notice", /Done: lift_ban/);
      expect(served.actions[1]).toEqual({ action: "lift_ban", address: "203.0.113.77" });
    });

    test.each([
      ["busy", ".verdict .actions button:first-child", "pause_delivery", /kept in the queue: 38 of at most 10,000/],
      ["failing", ".verdict .actions button:first-child", "resume_delivery", /9,214 messages/],
      ["busy", ".verdict .actions button:last-child", "send_test_message", /as the client of your key/],
      ["busy", "#dead-letters .row-actions button", "retry_dead_letter", /sent again/],
    ] as const)("in the state %s: %s is %s", async (state, button, action, words) => {
      await open(state);
      await click(button);
      await told("dialog", words);
      await isAsked();
      await page.type(served.keys.admin);
      await page.press("Enter");
      await told(".notice", new RegExp(`Done: ${action}`));
      expect(served.actions.map((each) => each.action)).toEqual([action]);
    });

    test("is not done when it is cancelled, and the focus goes back", async () => {
      await open("busy");
      await reach(drop);
      await page.press("Enter");
      await page.press("Escape");
      await vi.waitFor(async () => expect(await page.evaluate("document.querySelector('dialog')")).toBeNull());
      expect(await page.evaluate(`document.activeElement.matches('${drop}')`)).toBe(true);
      expect(served.actions).toEqual([]);
    });

    test("with a wrong key, or one that may not, tells what is wrong and asks for another", async () => {
      expected = /status of 40[13]/;
      await open("busy");
      await click(drop);
      await isAsked();
      await page.type("wrong");
      await page.press("Enter");
      await told("dialog [role=alert]", /not valid.*Nothing was done\. Type another key/s);
      await isAsked();
      expect(await findings()).toEqual([]);
      await page.type(served.keys.powerless);
      await page.press("Enter");
      await told("dialog [role=alert]", /may not call 'drop_dead_letter'.*manage_dead_letters/s);
      await isAsked();
      expect(served.actions).toEqual([]);
      await page.type(served.keys.admin);
      await page.press("Enter");
      await told(".notice", /Done/);
    });

    test("from a page of another address is not the key's fault", async () => {
      expected = /status of 403/;
      await open("busy");
      await click(drop);
      await isAsked();
      await page.type(served.keys.admin);
      served.fail("FORBIDDEN_ORIGIN");
      await page.press("Enter");
      await told("dialog [role=alert]", /^This Origin or Host is not allowed.*MCP_ALLOWED_HOSTS\.$/);
    });

    test("that the server does not take keeps the question open", async () => {
      expected = /status of 503/;
      await open("busy");
      await click(drop);
      await isAsked();
      await page.type(served.keys.admin);
      served.fail("SERVER_OVERLOADED");
      await page.press("Enter");
      await told("dialog [role=alert]", /too busy, and nothing was done/);
    });

    test("without an answer may have been done: it says so", async () => {
      expected = /ERR_/;
      await open("busy");
      await click(drop);
      await isAsked();
      await page.type(served.keys.admin);
      await served[Symbol.asyncDispose]();
      await page.press("Enter");
      await told("dialog [role=alert]", /cannot be reached. It may have been done all the same/);
    });

    test("leaves the key in the memory of the page alone, until it is forgotten", async () => {
      await open("busy");
      await click(drop);
      await isAsked();
      await page.type(served.keys.admin);
      await page.press("Enter");
      await told(".notice", /Done/);
      const kept = `(async () => JSON.stringify([
        { ...localStorage }, { ...sessionStorage }, document.cookie, await indexedDB.databases(), await caches.keys(),
        location.href, document.documentElement.outerHTML, [...document.querySelectorAll("input")].map(({ value }) => value),
      ]))()`;
      expect(await page.evaluate(kept)).not.toContain(served.keys.admin);
      expect(page.requests.join()).not.toContain(served.keys.admin);
      await click(".top-tools button");
      await click(drop);
      await told("dialog", /API key with the permission/);
    });
  });

  describe("an event", () => {
    test("is followed from its activity to Telegram", async () => {
      await open("busy");
      await reach(".activity .event-id");
      await page.press("Enter");
      await told(
        ".trace",
        /refused in part.*called.*accepted.*\+90 ms.*delivered.*message 4711.*refused.*Carl.*reply/s,
      );
      await told(".trace", /4bf92f3577b34da6a3ce929d0e0e4736/);
      // The focus follows when what is told has been drawn.
      await expect.poll(() => page.evaluate("document.activeElement.textContent")).toBe(`Event ${eventId}`);
      expect(await findings()).toEqual([]);
    });

    test("that is typed and unknown is told with what to do", async () => {
      expected = /status of 404/;
      await open("busy");
      await reach("#trace input");
      await page.type("no/such?event");
      await page.press("Enter");
      await told(".trace", /no such event.*Check the id/s);
      expect(page.requests).toContain(`${served.url}api/monitoring/events/no%2Fsuch%3Fevent`);
    });
  });

  describe("the charts", () => {
    test("are read with the keyboard, all at the same time", async () => {
      await open("busy");
      await reach(".plot-frame");
      await page.press("Home");
      const first = "document.querySelector('.plot-frame').getAttribute('aria-valuetext')";
      const was = await page.evaluate<string>(first);
      expect(was).toMatch(/^\d\d:\d\d: waiting \d+$/);
      await page.press("ArrowRight", 7);
      await vi.waitFor(async () => expect(await page.evaluate(first)).not.toBe(was));
      const positions = "[...document.querySelectorAll('.plot-frame')].map((each) => each.ariaValueNow)";
      expect(await page.evaluate(positions)).toEqual(["7", "7", "7", "7"]);
      await page.press("Escape");
      await told(".chart figcaption", /last, at/);
    });

    test("are read with the pointer", async () => {
      await open("busy");
      const [x, y] = await page.evaluate<[number, number]>(
        "(({ left, top, width, height }) => [left + width / 2, top + height / 2])(document.querySelector('.u-over').getBoundingClientRect())",
      );
      await page.point(x, y);
      await told(".chart figcaption", /^Messages that waitat \d\d:\d\d$/);
      await page.point(1, 1);
      await told(".chart figcaption", /last, at/);
    });

    test("have a table beside them, and show 1, 6 or 24 hours", async () => {
      await open("busy");
      await reach("[aria-controls=history-table]");
      await page.press(" ");
      await told("#history-table caption", /^The last hour/);
      expect(await page.evaluate("document.querySelectorAll('#history-table tbody tr').length")).toBe(30);
      expect(await findings()).toEqual([]);
      await page.evaluate("document.querySelectorAll('.segments input')[2].click()");
      await told("#history-table caption", /^The last 24 hours/);
      const asked = `${served.url}api/monitoring/history?hours=24`;
      await vi.waitFor(() => expect(page.requests).toContain(asked));
    });
  });

  describe("a stream that is lost", () => {
    test("is seen, with why, and comes back by itself with what happened since", async () => {
      expected = /status of 503|ERR_/;
      await open("busy");
      served.fail("SERVER_OVERLOADED");
      await told(".link", /^Not live/);
      await told(".notice.bad", /This is not live.*too busy.*Connecting again by itself/s);
      expect(await findings()).toEqual([]);
      served.fail(undefined);
      served.tell(overviewOf("failing", Date.now()));
      await told("#verdict-title", /^Degraded/);
      await told(".link", /^Live/);
      expect(await page.evaluate("document.querySelector('.notice')")).toBeNull();
      expect(served.listeners).toBe(1);
    });

    test("because the password has changed is not tried again: a browser would ask for it each time", async () => {
      expected = /status of 401/;
      await open("busy");
      served.fail("AUTHENTICATION_ERROR");
      await told(".notice.bad", /No valid key was sent.*Load the page again to log in/);
      const asked = page.requests.length;
      // Longer than it takes to try again after any other loss, by the clock of the page.
      await told(".notice.bad", /Lost [3-9] s ago/);
      expect(page.requests.length).toBe(asked);
    });

    test("before anything was read says so", async () => {
      expected = /status of 503/;
      served = await serveDashboard("busy");
      served.refuseStreams();
      page = await browser.open(served.url, desktop);
      await told(".notice.bad", /Nothing can be read.*the stream has ended/s);
      await told("main", /Nothing has been read yet/);
      expect(await findings()).toEqual([]);
    });
  });

  test("stands still while somebody reads, and then shows the newest", async () => {
    await open("busy");
    const pause = ".top-tools button:last-child";
    await click(pause);
    await told(".link", /^Paused at/);
    served.tell(overviewOf("failing", Date.now()));
    served.tell({ ...overviewOf("no bridge", Date.now()), name: "later" });
    // What comes over the same connection after both has been read by then.
    await click(".activity .event-id");
    await told(".trace", /Trace/);
    await told("#verdict-title", /^Healthy/);
    await click(pause);
    await told("h1", /later/);
    await told("#verdict-title", /^Unhealthy/);
  });

  test("the activity can be narrowed down", async () => {
    await open("failing");
    await reach("#activity select");
    await page.evaluate(
      "(() => { const select = document.querySelector('#activity select'); select.value = 'problems'; select.dispatchEvent(new Event('change', { bubbles: true })); })()",
    );
    await vi.waitFor(async () =>
      expect(await page.evaluate("document.querySelectorAll('.activity > li').length")).toBe(4),
    );
  });

  test("nothing is animated for whoever wants no motion", async () => {
    await open("busy");
    expect(await page.evaluate("document.getAnimations().length")).toBeGreaterThan(0);
    await served[Symbol.asyncDispose]();
    expected = /ERR_/;
    await open("busy", { ...desktop, reducedMotion: true });
    expect(await page.evaluate("document.getAnimations().length")).toBe(0);
  });

  test("the keyboard skips to the verdict, sees where it is, and is caught nowhere", async () => {
    await open("busy");
    await page.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to how it is");
    await page.press("Enter");
    await page.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Stop delivery…");
    expect(await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")).toBe("solid");
    await reach("#bans .row-actions button");
    await reach(".skip");
  });

  test("lets no script of others run, and sends nothing elsewhere", async () => {
    expected = /TrustedHTML|TrustedScript|Content Security Policy/i;
    await open("busy");
    const refused = (expression: string) =>
      page.evaluate<string>(`(async () => { ${expression} })().then(() => "done", () => "refused")`);
    expect(await refused("document.body.innerHTML = '<b>x</b>'")).toBe("refused");
    expect(await refused("eval('1')")).toBe("refused");
    expect(await refused("await fetch('http://127.0.0.1:9/')")).toBe("refused");
    expect(
      await refused(
        "await new Promise((_, fail) => { new Image().onerror = fail; const i = new Image(); i.onerror = fail; i.src = '/x.png'; })",
      ),
    ).toBe("refused");
  });
});
