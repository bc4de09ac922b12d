/** What of an event's `data` people are told; the bridge's formatting/fields.ts says how. */
export type EventField =
  | "results"
  | "prompt"
  | "progress"
  | "value"
  | "threshold"
  | "status"
  | "severity"
  | "error"
  | "tests"
  | "coverage"
  | "duration"
  | "files"
  | "file"
  | "directory"
  | "code"
  | "language"
  | "snippet"
  | "place"
  | "stack"
  | "exit"
  | "command"
  | "target"
  | "branch"
  | "commit"
  | "author"
  | "service"
  | "endpoint"
  | "answer"
  | "request"
  | "cpu"
  | "memory"
  | "disk"
  | "network"
  | "user"
  | "tags"
  | "url";

/** `progress` of a task takes the place of the progress before it; after its `end` the next one is a message of its own. */
export type TaskPhase = "progress" | "end";

/** How much an event matters to somebody who has no time: an approval always comes. */
export type EventWeight = "ordinary" | "essential" | "approval";

type EventTypeRow = {
  readonly type: string;
  /** Label of its category. */
  readonly category: string;
  readonly description: string;
  /** co8/cctelegram's, so that messages look the same after a migration. */
  readonly emoji: string;
  /** Results and failures are essential: somebody at the computer wants to hear of them, too. */
  readonly weight: EventWeight;
  /** What everybody is told besides the description, in this order. */
  readonly concise: readonly EventField[];
  /** What comes behind it in the style `detailed`. */
  readonly detailed: readonly EventField[];
  /** What it says of the task that it belongs to. Absent: neither how far it is nor that it is over. */
  readonly phase?: TaskPhase;
};

/** In the order in which they are told of what may mean anything. */
export const everyField: readonly EventField[] = [
  "results",
  "prompt",
  "progress",
  "value",
  "threshold",
  "status",
  "severity",
  "error",
  "tests",
  "coverage",
  "duration",
  "files",
  "file",
  "directory",
  "code",
  "language",
  "snippet",
  "stack",
  "exit",
  "command",
  "target",
  "branch",
  "commit",
  "author",
  "service",
  "endpoint",
  "answer",
  "request",
  "cpu",
  "memory",
  "disk",
  "network",
  "user",
  "tags",
  "url",
];

const define = <const Rows extends readonly EventTypeRow[]>(rows: Rows): Rows => rows;

const task = "Task Management";
const code = "Code Operations";
const build = "Build & Development";
const files = "File System";
const versions = "Version Control";
const integration = "Integration";
const system = "System Monitoring";
const interaction = "User Interaction";
const notification = "Notifications";

/** Every type that has a name. */
export const eventTypes = define([
  {
    type: "task_completion",
    category: task,
    description: "Task completed successfully",
    emoji: "✅",
    weight: "essential",
    concise: ["results", "tests", "error", "duration", "files"],
    detailed: ["coverage"],
    phase: "end",
  },
  {
    type: "task_started",
    category: task,
    description: "Task has been started",
    emoji: "🚀",
    weight: "ordinary",
    concise: [],
    detailed: ["command", "files"],
  },
  {
    type: "task_failed",
    category: task,
    description: "Task failed with an error",
    emoji: "❌",
    weight: "essential",
    concise: ["error", "exit"],
    detailed: ["place", "stack", "duration"],
    phase: "end",
  },
  {
    type: "task_progress",
    category: task,
    description: "Progress of a running task",
    emoji: "📊",
    weight: "ordinary",
    concise: ["progress"],
    detailed: ["status"],
    phase: "progress",
  },
  {
    type: "task_cancelled",
    category: task,
    description: "Task was cancelled",
    emoji: "🚫",
    weight: "ordinary",
    concise: ["status"],
    detailed: ["duration"],
    phase: "end",
  },
  {
    type: "code_generation",
    category: code,
    description: "Code was generated",
    emoji: "🔨",
    weight: "ordinary",
    concise: ["files"],
    detailed: ["language", "code", "snippet"],
  },
  {
    type: "code_analysis",
    category: code,
    description: "Code was analysed",
    emoji: "🔍",
    weight: "ordinary",
    concise: ["results"],
    detailed: ["files", "code", "language", "severity"],
  },
  {
    type: "code_refactoring",
    category: code,
    description: "Code was refactored",
    emoji: "🔧",
    weight: "ordinary",
    concise: ["files"],
    detailed: ["code", "language"],
  },
  {
    type: "code_review",
    category: code,
    description: "Code was reviewed",
    emoji: "👁️",
    weight: "ordinary",
    concise: ["results", "severity"],
    detailed: ["files", "code", "author", "url"],
  },
  {
    type: "code_testing",
    category: code,
    description: "Code was tested",
    emoji: "🧪",
    weight: "ordinary",
    concise: ["tests", "error"],
    detailed: ["coverage", "duration", "files"],
  },
  {
    type: "code_deployment",
    category: code,
    description: "Code was deployed",
    emoji: "🚀",
    weight: "ordinary",
    concise: ["status", "target", "service"],
    detailed: ["branch", "commit", "duration", "url"],
  },
  {
    type: "file_created",
    category: files,
    description: "File was created",
    emoji: "📄",
    weight: "ordinary",
    concise: ["file"],
    detailed: ["language", "snippet"],
  },
  {
    type: "file_modified",
    category: files,
    description: "File was changed",
    emoji: "📝",
    weight: "ordinary",
    concise: ["file"],
    detailed: ["language", "snippet"],
  },
  {
    type: "file_deleted",
    category: files,
    description: "File was deleted",
    emoji: "🗑️",
    weight: "ordinary",
    concise: ["file"],
    detailed: [],
  },
  {
    type: "directory_created",
    category: files,
    description: "Directory was created",
    emoji: "📁",
    weight: "ordinary",
    concise: ["directory"],
    detailed: ["files"],
  },
  {
    type: "directory_deleted",
    category: files,
    description: "Directory was deleted",
    emoji: "🗑️",
    weight: "ordinary",
    concise: ["directory"],
    detailed: ["files"],
  },
  {
    type: "git_commit",
    category: versions,
    description: "Commit was made",
    emoji: "📝",
    weight: "ordinary",
    concise: ["commit"],
    detailed: ["branch", "author", "files", "url"],
  },
  {
    type: "git_push",
    category: versions,
    description: "Commits were pushed",
    emoji: "⬆️",
    weight: "ordinary",
    concise: ["branch"],
    detailed: ["commit", "author", "files", "url"],
  },
  {
    type: "git_merge",
    category: versions,
    description: "Branches were merged",
    emoji: "🔀",
    weight: "ordinary",
    concise: ["branch"],
    detailed: ["commit", "author", "files", "url"],
  },
  {
    type: "git_branch",
    category: versions,
    description: "Branch was made or changed",
    emoji: "🌿",
    weight: "ordinary",
    concise: ["branch"],
    detailed: ["commit", "author"],
  },
  {
    type: "git_tag",
    category: versions,
    description: "Tag was made",
    emoji: "🏷️",
    weight: "ordinary",
    concise: ["commit"],
    detailed: ["branch", "author", "url"],
  },
  {
    type: "pull_request_created",
    category: versions,
    description: "Pull request was opened",
    emoji: "📋",
    weight: "ordinary",
    concise: ["url"],
    detailed: ["branch", "author", "files"],
  },
  {
    type: "pull_request_merged",
    category: versions,
    description: "Pull request was merged",
    emoji: "✅",
    weight: "ordinary",
    concise: ["url"],
    detailed: ["branch", "commit", "author", "files"],
  },
  {
    type: "build_started",
    category: build,
    description: "Build has been started",
    emoji: "🔨",
    weight: "ordinary",
    concise: ["target"],
    detailed: ["branch", "commit", "command"],
  },
  {
    type: "build_completed",
    category: build,
    description: "Build completed successfully",
    emoji: "✅",
    weight: "ordinary",
    concise: ["target", "duration"],
    detailed: ["branch", "commit", "files"],
    phase: "end",
  },
  {
    type: "build_failed",
    category: build,
    description: "Build failed",
    emoji: "❌",
    weight: "essential",
    concise: ["target", "error"],
    detailed: ["exit", "place", "branch", "commit", "stack", "duration", "url"],
    phase: "end",
  },
  {
    type: "test_suite_run",
    category: build,
    description: "Test suite was run",
    emoji: "🧪",
    weight: "ordinary",
    concise: ["tests"],
    detailed: ["coverage", "duration", "error"],
  },
  {
    type: "test_passed",
    category: build,
    description: "Test passed",
    emoji: "✅",
    weight: "ordinary",
    concise: ["tests"],
    detailed: ["coverage", "duration"],
  },
  {
    type: "test_failed",
    category: build,
    description: "Test failed",
    emoji: "❌",
    weight: "essential",
    concise: ["tests", "error"],
    detailed: ["place", "stack", "duration", "url"],
  },
  {
    type: "lint_check",
    category: build,
    description: "Lint check was run",
    emoji: "📏",
    weight: "ordinary",
    concise: ["results", "error"],
    detailed: ["files", "exit", "duration"],
  },
  {
    type: "type_check",
    category: build,
    description: "Type check was run",
    emoji: "🔍",
    weight: "ordinary",
    concise: ["results", "error"],
    detailed: ["files", "exit", "duration"],
  },
  {
    type: "performance_alert",
    category: system,
    description: "A performance threshold was exceeded",
    emoji: "⚡",
    weight: "essential",
    concise: ["value", "threshold", "severity"],
    detailed: ["cpu", "memory", "disk", "network", "service", "duration"],
  },
  {
    type: "security_alert",
    category: system,
    description: "Something concerns security",
    emoji: "🔒",
    weight: "essential",
    concise: ["severity"],
    detailed: ["place", "service", "error", "url", "user"],
  },
  {
    type: "error_occurred",
    category: system,
    description: "An error occurred",
    emoji: "❌",
    weight: "essential",
    concise: ["error", "severity"],
    detailed: ["place", "service", "exit", "stack"],
  },
  {
    type: "system_health",
    category: system,
    description: "State of a system's health",
    emoji: "💚",
    weight: "ordinary",
    concise: ["status", "severity"],
    detailed: ["cpu", "memory", "disk", "network", "service"],
  },
  {
    type: "resource_usage",
    category: system,
    description: "How much of a resource is used",
    emoji: "📊",
    weight: "ordinary",
    concise: ["cpu", "memory", "disk", "network"],
    detailed: ["service", "threshold"],
  },
  {
    type: "status_change",
    category: system,
    description: "A state has changed",
    emoji: "🔄",
    weight: "ordinary",
    concise: ["status"],
    detailed: ["service", "severity"],
  },
  {
    type: "approval_request",
    category: interaction,
    description: "A person's approval is required",
    emoji: "🔐",
    weight: "approval",
    concise: ["prompt"],
    detailed: ["severity", "url"],
  },
  {
    type: "user_response",
    category: interaction,
    description: "A person responded",
    emoji: "💬",
    weight: "ordinary",
    concise: ["user"],
    detailed: ["results"],
  },
  {
    type: "command_executed",
    category: interaction,
    description: "A command was executed",
    emoji: "⚡",
    weight: "ordinary",
    concise: ["command", "exit"],
    detailed: ["directory", "duration", "error", "results"],
  },
  {
    type: "info_notification",
    category: notification,
    description: "Information",
    emoji: "ℹ️",
    weight: "ordinary",
    concise: [],
    detailed: ["url", "tags"],
  },
  {
    type: "alert_notification",
    category: notification,
    description: "An alert that needs attention",
    emoji: "🚨",
    weight: "essential",
    concise: ["severity"],
    detailed: ["value", "threshold", "service", "error", "url"],
  },
  {
    type: "progress_update",
    category: notification,
    description: "Progress of work",
    emoji: "🔄",
    weight: "ordinary",
    concise: ["progress"],
    detailed: ["status"],
    phase: "progress",
  },
  {
    type: "api_call",
    category: integration,
    description: "An API was called",
    emoji: "🌐",
    weight: "ordinary",
    concise: ["endpoint", "answer"],
    detailed: ["service", "duration", "request", "error"],
  },
  {
    type: "webhook_received",
    category: integration,
    description: "A webhook was called",
    emoji: "📡",
    weight: "ordinary",
    concise: ["service", "endpoint"],
    detailed: ["answer", "request"],
  },
  {
    type: "service_integration",
    category: integration,
    description: "Something happened between services",
    emoji: "🔗",
    weight: "ordinary",
    concise: ["service", "status"],
    detailed: ["endpoint", "answer", "error"],
  },
  {
    type: "custom_event",
    category: "Custom",
    description: "Anything else",
    emoji: "🎯",
    weight: "ordinary",
    concise: [],
    detailed: everyField,
  },
]);

export type EventType = (typeof eventTypes)[number]["type"];

/** The names alone, in the same order. */
export const eventTypeNames: readonly EventType[] = eventTypes.map(({ type }) => type);

/** What clients are told of the types. */
export const toldEventTypes = eventTypes.map(({ type, category, description }) => ({ type, category, description }));

const byName: ReadonlyMap<string, EventTypeRow> = new Map(eventTypes.map((row) => [row.type, row]));

/**
 * The row of a type; undefined for a word that is no type.
 *
 * @example
 * ```ts
 * eventTypeOf("build_failed")?.weight; // => essential
 * ```
 */
export const eventTypeOf = (type: string): EventTypeRow | undefined => byName.get(type);
