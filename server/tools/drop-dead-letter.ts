import { deadLetterTool } from "./dead-letter.ts";

export const dropDeadLetter = deadLetterTool("drop", {
  title: "Drop a refused message",
  description: "Delete a message that Telegram refused for good. It cannot be undone.",
  done: "The message is dropped.",
  before: "The message was dropped before.",
});
