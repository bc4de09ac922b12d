import { createHash } from "node:crypto";
import { html, script, style } from "./generated/sources.ts";

export type Page = { readonly html: string; readonly contentSecurityPolicy: string };

/** The page at /docs: one file, which loads nothing from elsewhere and runs its own script alone. */
export function docsPage(): Page {
  return {
    // Functions, because $ means something in a replacement.
    html: html.replace("/* page.css */", () => style).replace("/* page.js */", () => script),
    contentSecurityPolicy: [
      "default-src 'none'",
      `script-src '${hashOf(script)}'`,
      `style-src '${hashOf(style)}'`,
      "connect-src 'self'",
      "img-src data:",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      // No text becomes markup.
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ].join("; "),
  };
}

const hashOf = (text: string) => `sha256-${createHash("sha256").update(text).digest("base64")}`;
