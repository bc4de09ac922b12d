import { expect, vi } from "vitest";
import type { Browser, BrowserPage, Showing } from "../browser.ts";
import { type ServedDashboard, serveDashboard } from "./serve-dashboard.ts";
import type { StateName } from "./states.ts";

export type OpenedDashboard = { readonly served: ServedDashboard; readonly page: BrowserPage };

export const desktop = { width: 1366, height: 900 };

/** The page of a server in this state, with its charts. */
export async function openDashboard(
  browser: Browser,
  state: StateName,
  showing: Showing = desktop,
  path?: string,
): Promise<OpenedDashboard> {
  const served = await serveDashboard(state, path);
  const page = await browser.open(served.url, showing);
  await vi.waitFor(async () => expect(await page.evaluate("document.querySelectorAll('.plot canvas').length")).toBe(4));
  return { served, page };
}

/** Nothing may have been asked of others, and the browser may have complained of nothing else. */
export async function closeDashboard({ served, page }: OpenedDashboard, expected = /^$/): Promise<void> {
  await served[Symbol.asyncDispose]();
  expect(page.complaints.filter((complaint) => !expected.test(complaint))).toEqual([]);
  const { host } = new URL(served.url);
  expect(page.requests.filter((url) => new URL(url).host !== host && !url.startsWith("data:"))).toEqual([]);
}
