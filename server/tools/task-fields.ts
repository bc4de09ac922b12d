import * as z from "zod";
import { taskSystems } from "../projects/task-snapshot.ts";

export const projectRoot = z
  .string()
  .max(500)
  .optional()
  .describe("The project's folder; the first one that the server may read from by default");

export const taskSystem = z.enum(taskSystems).describe("Whose tasks");
