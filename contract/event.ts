import * as z from "zod";
import { dataProblem } from "./event-data.ts";

const task = "Task Management";
const code = "Code Operations";
const build = "Build & Development";
const files = "File System";
const versions = "Version Control";
const integration = "Integration";
const system = "System Monitoring";
const interaction = "User Interaction";
const notification = "Notifications";

/** Every type that has a name: the label of its category, and what it means. */
export const eventTypes = [
  { type: "task_completion", category: task, description: "Task completed successfully" },
  { type: "task_started", category: task, description: "Task has been started" },
  { type: "task_failed", category: task, description: "Task failed with an error" },
  { type: "task_progress", category: task, description: "Progress of a running task" },
  { type: "task_cancelled", category: task, description: "Task was cancelled" },
  { type: "code_generation", category: code, description: "Code was generated" },
  { type: "code_analysis", category: code, description: "Code was analysed" },
  { type: "code_refactoring", category: code, description: "Code was refactored" },
  { type: "code_review", category: code, description: "Code was reviewed" },
  { type: "code_testing", category: code, description: "Code was tested" },
  { type: "code_deployment", category: code, description: "Code was deployed" },
  { type: "file_created", category: files, description: "File was created" },
  { type: "file_modified", category: files, description: "File was changed" },
  { type: "file_deleted", category: files, description: "File was deleted" },
  { type: "directory_created", category: files, description: "Directory was created" },
  { type: "directory_deleted", category: files, description: "Directory was deleted" },
  { type: "git_commit", category: versions, description: "Commit was made" },
  { type: "git_push", category: versions, description: "Commits were pushed" },
  { type: "git_merge", category: versions, description: "Branches were merged" },
  { type: "git_branch", category: versions, description: "Branch was made or changed" },
  { type: "git_tag", category: versions, description: "Tag was made" },
  { type: "pull_request_created", category: versions, description: "Pull request was opened" },
  { type: "pull_request_merged", category: versions, description: "Pull request was merged" },
  { type: "build_started", category: build, description: "Build has been started" },
  { type: "build_completed", category: build, description: "Build completed successfully" },
  { type: "build_failed", category: build, description: "Build failed" },
  { type: "test_suite_run", category: build, description: "Test suite was run" },
  { type: "test_passed", category: build, description: "Test passed" },
  { type: "test_failed", category: build, description: "Test failed" },
  { type: "lint_check", category: build, description: "Lint check was run" },
  { type: "type_check", category: build, description: "Type check was run" },
  { type: "performance_alert", category: system, description: "A performance threshold was exceeded" },
  { type: "security_alert", category: system, description: "Something concerns security" },
  { type: "error_occurred", category: system, description: "An error occurred" },
  { type: "system_health", category: system, description: "State of a system's health" },
  { type: "resource_usage", category: system, description: "How much of a resource is used" },
  { type: "status_change", category: system, description: "A state has changed" },
  { type: "approval_request", category: interaction, description: "A person's approval is required" },
  { type: "user_response", category: interaction, description: "A person responded" },
  { type: "command_executed", category: interaction, description: "A command was executed" },
  { type: "info_notification", category: notification, description: "Information" },
  { type: "alert_notification", category: notification, description: "An alert that needs attention" },
  { type: "progress_update", category: notification, description: "Progress of work" },
  { type: "api_call", category: integration, description: "An API was called" },
  { type: "webhook_received", category: integration, description: "A webhook was called" },
  { type: "service_integration", category: integration, description: "Something happened between services" },
  { type: "custom_event", category: "Custom", description: "Anything else" },
] as const;

export type EventType = (typeof eventTypes)[number]["type"];

/** The names alone, in the same order. */
export const eventTypeNames: readonly EventType[] = eventTypes.map(({ type }) => type);

/** Looked at before anything walks through it member by member, or recursively. */
const data = z.custom<Record<string, unknown>>(isObject, "expected an object").superRefine((value, context) => {
  const problem = dataProblem(value);
  if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
});

/** The call that something came by, so that people can follow it. */
export const callTraceSchema = z
  .object({
    request_id: z.string().min(1).max(128),
    trace_id: z
      .string()
      .regex(/^[0-9a-f]{32}$/)
      .exactOptional()
      .describe("W3C trace id of the call"),
  })
  .describe("The call that sent it");

/** The wire form between server and bridge: upstream's snake_case event. Lengths are in UTF-16 units. */
export const eventSchema = z.object({
  event_id: z.string().min(1).max(128).describe("Identity; the bridge delivers an id only once"),
  type: z.string().min(1).max(64).describe("One of the event types, or any other word"),
  source: z.string().min(1).max(100).describe("Who sends it, in the sender's own words"),
  client: z
    .string()
    .min(1)
    .max(100)
    .default("unknown")
    .describe("Name of the client whose key sent it: quotas, fairness and audit hang on it"),
  timestamp: z.iso.datetime({ offset: true }).describe("When it happened, RFC 3339"),
  task_id: z.string().min(1).max(128).describe("The task that it belongs to"),
  title: z.string().min(1).max(200),
  description: z.string().min(1).max(16_000),
  data: data.default({}).describe("Details, free in form, within limits"),
  // A server of the version before does not tell.
  trace: callTraceSchema.exactOptional(),
});

export type Event = z.output<typeof eventSchema>;
export type CallTrace = z.output<typeof callTraceSchema>;

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
