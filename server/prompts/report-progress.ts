import { fromUser, type Prompt } from "./prompt.ts";

export const reportProgress: Prompt = {
  name: "report_progress",
  title: "Keep me posted",
  description: "Do a long task and tell on Telegram how it goes, at a pace that a person can bear.",
  arguments: [
    { name: "task", description: "What is to be done", required: true },
    {
      name: "pace",
      description: "When to tell: milestones (default), hourly or problems",
      required: false,
      values: ["milestones", "hourly", "problems"],
    },
  ],
  messages: ({ task = "", pace = "milestones" }) => [
    fromUser(
      [
        task,
        "",
        "Tell me on Telegram how it goes: send_telegram_event, type task_started at the beginning, progress_update on the way, task_completion or task_failed at the end, all with the same task_id.",
        told.get(pace) ?? pace,
        "Never send two messages that say the same.",
      ].join("\n"),
    ),
  ],
};

const told: ReadonlyMap<string, string> = new Map([
  ["milestones", "A progress_update only when a part that I would name in a report is done."],
  ["hourly", "A progress_update about once an hour, with what is done and what comes next."],
  ["problems", "A progress_update only when something keeps you from going on as planned."],
]);
