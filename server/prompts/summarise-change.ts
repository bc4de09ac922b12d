import { fromUser, type Prompt } from "./prompt.ts";

export const summariseChange: Prompt = {
  name: "summarise_change",
  title: "Summarise this change for my phone",
  description: "Sum up a change of code so that it can be read on a phone, and send it to Telegram.",
  arguments: [
    {
      name: "change",
      description: "The change: a branch, commit, pull request or path; default: what is not committed",
      required: false,
    },
    {
      name: "audience",
      description: "Who reads it: developer (default), reviewer or manager",
      required: false,
      values: ["developer", "reviewer", "manager"],
    },
  ],
  messages: ({ change = "what is not committed yet", audience = "developer" }) => [
    fromUser(
      [
        `Look at this change: ${change}.`,
        `Sum it up for a ${audience} who reads it on a phone: at most 600 characters, plain text, no tables, no code blocks.`,
        "First line: what it is for. Then at most five short lines: what changes for users, what could break, what was tested, what is left.",
        "Send it with send_telegram_event: type code_review, title at most eight words, the summary as description.",
      ].join("\n"),
    ),
  ],
};
