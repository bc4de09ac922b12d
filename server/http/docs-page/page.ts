import { htmlPage, type Page } from "../html-page.ts";
import * as sources from "./generated/sources.ts";

/** The page at /docs: one file, which loads nothing from elsewhere and runs its own script alone. */
export function docsPage(): Page {
  return htmlPage(sources);
}
