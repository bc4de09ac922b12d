import type { Content, Icon } from "../features/content.ts";
import type { Interaction } from "../features/interaction.ts";

type PromptArgument = {
  readonly name: string;
  readonly title?: string;
  readonly description: string;
  readonly required: boolean;
  /** Values that it may have; those that fit what was typed are offered. */
  readonly values?: readonly string[];
};

export type PromptMessage = { readonly role: "user" | "assistant"; readonly content: Content };

export type Arguments = Readonly<Record<string, string>>;

/** A message to a model that people choose by name and fill in. */
export type Prompt = {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly arguments: readonly PromptArgument[];
  readonly icons?: readonly Icon[];
  messages(args: Arguments, interaction: Interaction): readonly PromptMessage[] | Promise<readonly PromptMessage[]>;
};

export function fromUser(text: string): PromptMessage {
  return { role: "user", content: { type: "text", text } };
}
