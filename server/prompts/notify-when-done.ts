import { fromUser, type Prompt } from "./prompt.ts";

export const notifyWhenDone: Prompt = {
  name: "notify_when_done",
  title: "Tell me when it is done",
  description: "Do a task, and send its result to Telegram when it has ended, however it ended.",
  arguments: [
    { name: "task", description: "What is to be done", required: true },
    {
      name: "detail",
      description: "How much the message tells: short (default) or full",
      required: false,
      values: ["short", "full"],
    },
  ],
  messages: ({ task = "", detail = "short" }) => [
    fromUser(
      [
        task,
        "",
        "When this has ended, call send_telegram_event once: type task_completion if it succeeded, task_failed if it did not.",
        detail === "full"
          ? "Title: the task in at most eight words. Description: what was done, what was found, which files changed, what is left."
          : "Title: the task in at most eight words. Description: the result in at most three sentences.",
        "Send nothing before that, unless you cannot go on without an answer from me.",
      ].join("\n"),
    ),
  ],
};
