import { hostileInputs } from "../hostile-inputs.ts";

export type Revision = "2025-11-25" | "2026-07-28";

type Level = "MUST" | "MUST NOT" | "SHOULD" | "SHOULD NOT";

/**
 * How it stands with a requirement: tests that show it ("file › title", the file below test/server), why it does not
 * concern this server, or what the server does not do yet.
 */
type Standing =
  | { readonly shownBy: readonly string[] }
  | { readonly notApplicable: string }
  | { readonly open: string };

/** What a page of the specification requires of a server, in short words of our own. */
export type Stated = Standing & {
  /** Unique on its page. */
  readonly id: string;
  readonly level: Level;
  /** The heading on the page under which it stands; "" before the first. */
  readonly heading: string;
  readonly says: string;
};

/** A requirement of a revision of MCP that concerns servers. */
export type Requirement = Omit<Stated, "heading"> &
  Standing & {
    readonly revision: Revision;
    /** Below the revision's folder of the specification. */
    readonly page: string;
    /** Page and heading. */
    readonly section: string;
  };

/** The requirements of one page. */
export function page(revision: Revision, path: string, stated: readonly Stated[]): readonly Requirement[] {
  return stated.map(({ id, heading, ...rest }) => ({
    ...rest,
    id: `${revision} ${path} ${id}`,
    revision,
    page: path,
    section: heading === "" ? path : `${path}#${heading}`,
  }));
}

/** The test of one of the hostile inputs. */
export function hostile(name: string): string {
  if (!hostileInputs.some((input) => input.name === name)) throw new Error(`there is no hostile input "${name}"`);
  return `mcp/hostile-tests.ts › ${name} is answered as it should be`;
}
