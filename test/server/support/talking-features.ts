import * as z from "zod";
import { text } from "../../../server/features/content.ts";
import { type Features, features } from "../../../server/features/features.ts";
import { defineContentTool } from "../../../server/tools/tool.ts";

const annotations = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
const common = { rest: [], cost: 1, annotations, permission: "test" } as const;

/** Says what it was told, after a while. */
const echo = defineContentTool({
  ...common,
  name: "echo",
  title: "Echo",
  description: "Says what it was told.",
  input: z.object({ said: z.string(), afterMs: z.number().default(0) }),
  async handler({ said, afterMs }) {
    if (afterMs > 0) await new Promise((resolve) => setTimeout(resolve, afterMs));
    return { content: [text(said)] };
  },
});

/** Asks the person for a name, and tells how far it is before. */
const greet = defineContentTool({
  ...common,
  name: "greet",
  title: "Greet",
  description: "Greets a person by name.",
  input: z.object({}),
  async handler(_args, { interaction }) {
    interaction.progress(1, 2);
    const params = { mode: "form", message: "Who?", requestedSchema: { type: "object", properties: {} } };
    const { who } = await interaction.input({ who: { method: "elicitation/create", params } });
    const content = who?.content as { name: string } | undefined;
    return { content: [text(`hello ${content?.name}`)] };
  },
});

/** Calls of `wait` that have begun, and those that were told to stop, by their names. */
export const waits = { begun: [] as string[], stopped: [] as string[] };

/** Never ends by itself. */
const wait = defineContentTool({
  ...common,
  name: "wait",
  title: "Wait",
  description: "Waits until nobody wants its answer any more.",
  input: z.object({ name: z.string() }),
  handler: ({ name }, { interaction }) =>
    new Promise((resolve) => {
      waits.begun.push(name);
      interaction.signal.addEventListener("abort", () => {
        waits.stopped.push(name);
        resolve({ content: [text("stopped")] });
      });
    }),
});

/** The product's features and tools that take their time. */
export const talkingFeatures: Features = {
  ...features,
  tools: new Map([...features.tools.values(), echo, greet, wait].map((tool) => [tool.name, tool])),
};
