import { asking } from "./asking.ts";
import { authorization } from "./authorization.ts";
import { lifecycle } from "./lifecycle.ts";
import { messages } from "./messages.ts";
import { offers } from "./offers.ts";
import { otherTransports } from "./other-transports.ts";
import type { Requirement } from "./requirement.ts";
import { streamableHttp2025 } from "./streamable-http-2025.ts";
import { streamableHttp2026 } from "./streamable-http-2026.ts";
import { subscriptions } from "./subscriptions.ts";
import { underWay } from "./under-way.ts";
import { utilities } from "./utilities.ts";

/** What MCP 2025-11-25 and 2026-07-28 require of a server, and how it stands with each of it. */
export const requirements: readonly Requirement[] = [
  ...messages,
  ...lifecycle,
  ...streamableHttp2025,
  ...streamableHttp2026,
  ...otherTransports,
  ...underWay,
  ...subscriptions,
  ...asking,
  ...offers,
  ...utilities,
  ...authorization,
];
