import * as z from "zod";
import {
  type BridgeStatus,
  bridgeStatusSchema,
  refusalSchema,
  refusedTopicSchema,
} from "../../contract/bridge-status.ts";
import { toServerError } from "../../contract/errors.ts";
import { readingAnnotations } from "./fields.ts";
import { defineTool } from "./tool.ts";

const told = bridgeStatusSchema().shape;

const output = z.object({
  running: z.boolean(),
  health: told.health,
  metrics: told.metrics,
  last_event_time: z.string().exactOptional().describe("RFC 3339"),
  telegram: told.telegram.exactOptional(),
  queue: told.queue.exactOptional(),
  refusals: z.array(refusalSchema()).exactOptional().describe("Chats whose last message Telegram refused for good"),
  refused_topics: z.array(refusedTopicSchema()).exactOptional().describe("Topics whose messages go to General instead"),
  waiting: told.waiting,
  paused: told.paused,
  fenced: z
    .boolean()
    .exactOptional()
    .describe("It asks Telegram nothing, as its operator wishes: messages are accepted and kept"),
  fenced_since: told.fenced_since,
  volume: told.volume.describe("The file system of the queue"),
  error: z.string().exactOptional().describe("Why the bridge gives no status"),
});

export const getBridgeStatus = defineTool({
  name: "get_bridge_status",
  title: "Get the bridge's status",
  description: "Tell whether the Telegram bridge runs, how healthy it is, and what it has delivered.",
  permission: "get_bridge_status",
  rest: ["GET", "POST"],
  cost: 1,
  limit: 120,
  input: z.object({}),
  output,
  annotations: readingAnnotations,
  handler: (_args, { bridge }) => bridge.status().then(running, unreachable),
});

function running(status: BridgeStatus): z.output<typeof output> {
  const { version: _version, uptime_seconds: _uptime, refusals, refused_topics: topics, ...rest } = status;
  return { ...rest, refusals: [...refusals], ...(topics && { refused_topics: [...topics] }) };
}

/** A bridge that cannot be reached is an answer to the question, not an error. */
function unreachable(error: unknown): z.output<typeof output> {
  const metrics = {
    uptime_seconds: 0,
    events_processed: 0,
    telegram_messages_sent: 0,
    error_count: 0,
    memory_usage_mb: 0,
    cpu_usage_percent: 0,
  };
  return { running: false, health: "unhealthy", metrics, error: toServerError(error).message };
}
