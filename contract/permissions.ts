/** Permissions that stand for several tools, as `group:NAME`. Each tool is in one of them. */
export const toolGroups = Object.freeze({
  sending: [
    ...["send_telegram_event", "send_telegram_message", "send_task_completion", "send_performance_alert"],
    "send_approval_request",
  ],
  responses: ["get_telegram_responses", "process_pending_responses", "clear_old_responses"],
  status: ["get_bridge_status", "check_bridge_process", "list_event_types"],
  control: [
    ...["start_bridge", "stop_bridge", "restart_bridge", "ensure_bridge_running"],
    ...["switch_to_nomad_mode", "switch_to_local_mode", "switch_to_mute_mode"],
  ],
  sessions: ["register_session", "reply", "react", "edit_message", "download_attachment"],
  people: ["pair_person"],
  tasks: ["get_task_status", "register_claude_todos", "todo"],
  queue: ["list_dead_letters", "retry_dead_letter", "drop_dead_letter"],
  bans: ["list_bans", "lift_ban"],
}) satisfies Readonly<Record<string, readonly string[]>>;

/** What clients need for their work. The others stop everybody's, cannot be undone, or are for those who run the server. */
export const usualPermissions: readonly string[] = Object.freeze([
  ...toolGroups.sending,
  ...["get_telegram_responses", "process_pending_responses"],
  ...toolGroups.status,
  ...["switch_to_nomad_mode", "switch_to_local_mode", "switch_to_mute_mode"],
  ...toolGroups.sessions,
  ...toolGroups.tasks,
  ...["list_dead_letters", "retry_dead_letter"],
]);

/** The form of a permission: a tool's name, `group:NAME`, `resource:NAME`, `resource:*`, or `*` for everything. */
export const permissionForm = /^(\*|[a-z][a-z0-9_]*|group:[a-z][a-z0-9_-]*|resource:(\*|[a-z][a-z0-9-]*))$/;

const groups: ReadonlyMap<string, string> = new Map(
  Object.entries(toolGroups).flatMap(([name, tools]) => tools.map((tool) => [tool, groupPermission(name)] as const)),
);

/**
 * The permission of a group.
 *
 * @example
 * ```ts
 * groupPermission("sending"); // => group:sending
 * ```
 */
export function groupPermission(name: string): string {
  return `group:${name}`;
}

/**
 * The permission of a resource, by its name.
 *
 * @example
 * ```ts
 * resourcePermission("responses"); // => resource:responses
 * ```
 */
export function resourcePermission(name: string): string {
  return `resource:${name}`;
}

/** The permission that stands for all resources. */
export const allResources = resourcePermission("*");

/**
 * The permission of the group that a tool is in; undefined for what is no tool.
 *
 * @example
 * ```ts
 * groupOf("send_telegram_message"); // => group:sending
 * groupOf("read_all_approvals"); // => undefined
 * ```
 */
export function groupOf(tool: string): string | undefined {
  return groups.get(tool);
}
