import { htmlPage, type Page } from "../../http/html-page.ts";
import * as sources from "./generated/sources.ts";

/** The dashboard: one file, which loads nothing from elsewhere, runs its own script alone, and reads api/monitoring/ beside it. */
export function dashboardPage(): Page {
  return htmlPage(sources);
}
