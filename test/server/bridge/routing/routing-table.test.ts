import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Chat, type Route, routingProblems } from "../../../../contract/chats.ts";
import type { Event } from "../../../../contract/event.ts";
import { isStandIn, standInFor } from "../../../../server/bridge/routing/destination.ts";
import { matches } from "../../../../server/bridge/routing/pattern.ts";
import { destinationsOf, recipientsOf, routingTable } from "../../../../server/bridge/routing/routing-table.ts";
import { eventOf } from "../support.ts";

const chats: readonly Chat[] = [
  { name: "ops", id: -100 },
  { name: "alerts", id: -100, topic: 7 },
  { name: "general", id: -100, topic: 1 },
  { name: "news", id: "@Team_News" },
  { name: "anna", id: 1 },
];
const news = { chatId: standInFor("@team_news"), publicName: "@Team_News" };
const everybody = [{ chatId: 1 }, { chatId: 2 }];

function places(routes: readonly Route[], event: Partial<Event> = {}) {
  return destinationsOf(eventOf("a", event), routingTable({ allowedUsers: [1, 2], chats, routes }));
}

describe("an event goes", () => {
  test("to every allowed user when there are no routes, whatever chats there are", () => {
    expect(places([])).toEqual(everybody);
    expect(destinationsOf(eventOf("a"), routingTable({ allowedUsers: [1, 2] }))).toEqual(everybody);
  });

  test.each<[string, Route, Partial<Event>, readonly object[]]>([
    ["to a chat", { clients: ["ci"], chats: ["ops"] }, { client: "ci" }, [{ chatId: -100 }]],
    ["to a topic", { clients: ["ci"], chats: ["alerts"] }, { client: "ci" }, [{ chatId: -100, topic: 7 }]],
    [
      "to the General topic without a thread",
      { clients: ["ci"], chats: ["general"] },
      { client: "ci" },
      [{ chatId: -100 }],
    ],
    ["to a public name", { clients: ["ci"], chats: ["news"] }, { client: "ci" }, [news]],
    [
      "to the allowed users as well",
      { clients: ["ci"], chats: ["ops", "allowedUsers"] },
      { client: "ci" },
      [{ chatId: -100 }, ...everybody],
    ],
    [
      "once to a person who is named twice",
      { clients: ["ci"], chats: ["anna", "allowedUsers"] },
      { client: "ci" },
      everybody,
    ],
    [
      "once to a chat by two names",
      { clients: ["ci"], chats: ["ops", "general"] },
      { client: "ci" },
      [{ chatId: -100 }],
    ],
    ["by its type", { eventTypes: ["build_*"], chats: ["ops"] }, { type: "build_failed" }, [{ chatId: -100 }]],
    ["by its source", { sources: ["CI *"], chats: ["ops"] }, { source: "CI nightly" }, [{ chatId: -100 }]],
    [
      "by its severity, in any case",
      { severities: ["Critical"], chats: ["ops"] },
      { data: { severity: " CRITICAL " } },
      [{ chatId: -100 }],
    ],
    [
      "to the default with another type",
      { eventTypes: ["build_*"], chats: ["ops"] },
      { type: "rebuild_failed" },
      everybody,
    ],
    ["to the default with another client", { clients: ["ci"], chats: ["ops"] }, { client: "cia" }, everybody],
    ["to the default without a severity", { severities: ["*"], chats: ["ops"] }, {}, everybody],
    [
      "to the default with a severity that is no text",
      { severities: ["*"], chats: ["ops"] },
      { data: { severity: 1 } },
      everybody,
    ],
    [
      "to the default when one of the lists does not match",
      { clients: ["ci"], eventTypes: ["build_*"], chats: ["ops"] },
      { client: "ci" },
      everybody,
    ],
    ["by the default in another place", { eventTypes: ["*"], chats: ["ops"] }, {}, [{ chatId: -100 }]],
  ])("%s", (_what, route, event, expected) => {
    expect(places([route], event)).toEqual(expected);
  });

  test("where the first route that matches says", () => {
    const routes: readonly Route[] = [
      { eventTypes: ["build_failed"], chats: ["ops"] },
      { eventTypes: ["build_*"], chats: ["anna"] },
      { eventTypes: ["*"], chats: ["news"] },
    ];
    expect(places(routes, { type: "build_failed" })).toEqual([{ chatId: -100 }]);
    expect(places(routes, { type: "build_started" })).toEqual([{ chatId: 1 }]);
    expect(places(routes, { type: "git_push" })).toEqual([news]);
  });

  test("somewhere, once to each place and to nobody who is not configured, whatever routes there are", () => {
    const words = fc.constantFrom("ci", "build_failed", "x", "*", "b*", "high");
    const list = fc.option(fc.array(words, { minLength: 1, maxLength: 3 }), { nil: undefined });
    const names = fc.constantFrom(...chats.map(({ name }) => name), "allowedUsers");
    const route = fc.record(
      { eventTypes: list, sources: list, severities: list, clients: list, chats: fc.array(names, { minLength: 1 }) },
      { requiredKeys: ["chats"] },
    );
    const event = fc.record({ type: words, source: words, client: words, data: fc.record({ severity: words }) });
    const known = recipientsOf({ allowedUsers: [1, 2], chats });
    fc.assert(
      fc.property(fc.array(route, { maxLength: 5 }), event, (routes, fields) => {
        const to = places(routes as readonly Route[], fields);
        expect(to.length).toBeGreaterThan(0);
        expect(new Set(to.map((each) => JSON.stringify(each))).size).toBe(to.length);
        expect(to.filter(({ chatId }) => !known.includes(chatId))).toEqual([]);
      }),
    );
  });
});

test("a pattern means what the regular expression of it means", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "."), maxLength: 12 });
  const pattern = fc.string({ unit: fc.constantFrom("a", "b", ".", "*"), maxLength: 8 });
  fc.assert(
    fc.property(pattern, text, (each, other) => {
      const expression = new RegExp(`^${each.replaceAll(".", "[.]").replaceAll("*", ".*")}$`);
      expect(matches(each, other)).toBe(expression.test(other));
    }),
    { numRuns: 2_000 },
  );
});

test("a hostile pattern takes no longer than any other", () => {
  const start = performance.now();
  expect(matches(`${"a*".repeat(31)}c`, `${"a".repeat(100_000)}b`)).toBe(false);
  expect(performance.now() - start).toBeLessThan(1_000);
});

test("a public name stands for a chat that no id of Telegram can be, the same at every start", () => {
  expect(standInFor("@Team_News")).toBe(standInFor("@team_news"));
  expect(standInFor("@team_news")).not.toBe(standInFor("@team_new"));
  for (const name of ["@team_news", "@aaaa", "@zzzz"]) {
    expect(isStandIn(standInFor(name))).toBe(true);
    expect(Number.isSafeInteger(standInFor(name))).toBe(true);
  }
  expect(isStandIn(-(2 ** 52) + 1)).toBe(false);
});

test("routes that name unknown chats, match nothing in particular, and chats of one name are told", () => {
  const twice: readonly Chat[] = [...chats, { name: "ops", id: -5 }];
  expect(routingProblems(twice, [{ clients: ["ci"], chats: ["op", "allowedUsers"] }, { chats: ["ops"] }])).toEqual([
    'two chats are named "ops"',
    'route 1 names the chat "op", which does not exist',
    'route 2 matches nothing in particular: give it eventTypes, sources, severities, clients; ["*"] matches all',
  ]);
  expect(routingProblems(chats, [{ clients: ["ci"], chats: ["ops", "allowedUsers"] }])).toEqual([]);
});
