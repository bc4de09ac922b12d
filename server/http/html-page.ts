import { createHash } from "node:crypto";

/** A page that is one file, and what its browser may do. */
export type Page = { readonly html: string; readonly contentSecurityPolicy: string };

export type PageSources = { readonly html: string; readonly style: string; readonly script: string };

/** Puts style and script into the page. It loads nothing from elsewhere, runs that script alone, and asks only its own server. */
export function htmlPage({ html, style, script }: PageSources): Page {
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
