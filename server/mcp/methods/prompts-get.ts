import * as z from "zod";
import { defineMethod } from "../define-method.ts";

export const promptsGet = defineMethod({
  name: "prompts/get",
  eras: ["handshake", "stateless"],
  params: z.object({ name: z.string(), arguments: z.record(z.string(), z.string()).default({}) }),
  capabilities: { prompts: {} },
  handle: ({ name, arguments: args }, { catalogue, interaction }) => catalogue.prompt(name, args, interaction),
});
