/** co8/cctelegram's emoji of every event type, so that messages look the same after a migration. */
const EMOJI: ReadonlyMap<string, string> = new Map(
  Object.entries({
    task_completion: "✅",
    task_started: "🚀",
    task_failed: "❌",
    task_progress: "📊",
    task_cancelled: "🚫",
    code_generation: "🔨",
    code_analysis: "🔍",
    code_refactoring: "🔧",
    code_review: "👁️",
    code_testing: "🧪",
    code_deployment: "🚀",
    build_started: "🔨",
    build_completed: "✅",
    build_failed: "❌",
    test_suite_run: "🧪",
    test_passed: "✅",
    test_failed: "❌",
    lint_check: "📏",
    type_check: "🔍",
    file_created: "📄",
    file_modified: "📝",
    file_deleted: "🗑️",
    directory_created: "📁",
    directory_deleted: "🗑️",
    git_commit: "📝",
    git_push: "⬆️",
    git_merge: "🔀",
    git_branch: "🌿",
    git_tag: "🏷️",
    pull_request_created: "📋",
    pull_request_merged: "✅",
    performance_alert: "⚡",
    security_alert: "🔒",
    error_occurred: "❌",
    system_health: "💚",
    resource_usage: "📊",
    approval_request: "🔐",
    user_response: "💬",
    command_executed: "⚡",
    status_change: "🔄",
    progress_update: "🔄",
    info_notification: "ℹ️",
    alert_notification: "🚨",
    api_call: "🌐",
    webhook_received: "📡",
    service_integration: "🔗",
    custom_event: "🎯",
  }),
);

const COMPLETION: ReadonlyMap<unknown, string> = new Map(
  Object.entries({
    completed: "✅",
    success: "✅",
    failed: "❌",
    error: "❌",
    warning: "⚠️",
  }),
);

/** Emoji of an event type; a task completion's depends on `data.status`; unknown types get a question mark. */
export function emojiOf(type: string, data: Readonly<Record<string, unknown>>): string {
  if (type === "task_completion" && typeof data.status === "string") return COMPLETION.get(data.status) ?? "ℹ️";
  return EMOJI.get(type) ?? "❓";
}
