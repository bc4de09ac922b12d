import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../../../..");
const security = readFileSync(join(root, "SECURITY.md"), "utf8");

/** What SECURITY.md calls the transports of the source. */
const called: Readonly<Record<string, RegExp>> = {
  "streamable-http": /^\| Callers without a valid key /m,
  "web-socket": /^\| WebSockets /m,
  stdio: /^\| stdio /m,
};

describe("SECURITY.md", () => {
  test.each(readdirSync(join(root, "server/mcp/transports")))("says how %s is protected", (transport) => {
    expect(security).toMatch(called[transport] ?? /nothing is known of this transport/);
  });

  test.each([
    ["what tools may be called", /^\| Calls of the tools .*Permissions for each tool/m],
    ["that calls can be traced to their client", /One log line for each accepted call, with the client/],
    ["what stays in the clear", /\*\*Messages are not encrypted on the volume\*\*/],
    ["how long messages are kept", /refused ones for 7 days/],
    ["what whoever starts stdio may do", /\*\*stdio trusts who starts it\.\*\*/],
  ])("says %s", (_what, words) => {
    expect(security).toMatch(words);
  });
});
