import { deadLetterTool } from "./dead-letter.ts";

export const retryDeadLetter = deadLetterTool("retry", {
  title: "Send a refused message again",
  description:
    "Send a message again that Telegram refused for good, when its cause is gone: the bot is in the chat again, the topic is open.",
  done: "The message waits to be sent again.",
  before: "The message was sent again before.",
});
