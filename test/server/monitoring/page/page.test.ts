import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { dashboardPage } from "../../../../server/monitoring/page/page.ts";

const { html, contentSecurityPolicy } = dashboardPage();

const between = (start: RegExp, end: string) => {
  const from = start.exec(html);
  const begin = (from?.index ?? 0) + (from?.[0].length ?? 0);
  return html.slice(begin, html.indexOf(end, begin));
};

test("the policy lets the page's own script and style run, and nothing else", () => {
  const hashOf = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  expect(contentSecurityPolicy.split("; ")).toEqual([
    "default-src 'none'",
    `script-src ${hashOf(between(/<script[^>]*>/, "</script>"))}`,
    `style-src ${hashOf(between(/<style>/, "</style>"))}`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ]);
});

test("the page is one script, one style and nothing from elsewhere, and names its libraries' licences", () => {
  expect(html.match(/<script/g)).toHaveLength(1);
  expect(html.match(/<style/g)).toHaveLength(1);
  expect(html).not.toMatch(/\b(src|href)="(https?:)?\/\//);
  expect(html).toMatch(/preact \(MIT.*uPlot \(MIT/);
});

test("the page does not carry the schemas of the contract, only what keys need for actions", () => {
  expect(html).toContain("manage_dead_letters");
  expect(html).not.toMatch(/ZodError|discriminatedUnion/);
  expect(html.length).toBeLessThan(160_000);
});
