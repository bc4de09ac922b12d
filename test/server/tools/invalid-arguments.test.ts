import { expect, test } from "vitest";
import * as z from "zod";
import { invalidArguments } from "../../../server/tools/invalid-arguments.ts";

const schema = z.object({
  name: z.string().max(3),
  list: z.array(z.string()).max(2).optional(),
  share: z.number().min(0).max(1).default(0.5),
  count: z.number().min(1).optional(),
  nested: z.object({ id: z.string() }).optional(),
});

const detailsOf = (args: unknown) => {
  const { error } = schema.safeParse(args);
  if (error === undefined) throw new Error("these are valid");
  return invalidArguments(error, schema, args).details;
};

test.each([
  [{ name: "long" }, { field: "name", current_length: 4, max_length: 3 }],
  [
    { name: "a", list: ["a", "b", "c"] },
    { field: "list", current_length: 3, max_length: 2 },
  ],
  [{}, { field: "name", specific_code: "MISSING_REQUIRED_FIELD", required_fields: ["name"] }],
  [
    { name: "a", nested: {} },
    { field: "nested.id", specific_code: "MISSING_REQUIRED_FIELD" },
  ],
  [
    { name: "a", share: 2 },
    { field: "share", parameter: "share", provided_value: 2, valid_range: "0-1" },
  ],
  [
    { name: "a", count: 0 },
    { specific_code: "INVALID_PARAMETER", parameter: "count", provided_value: 0 },
  ],
  [{ name: ["a", "b", "c", "d"] }, { specific_code: "INVALID_PARAMETER", parameter: "name" }],
])("%j is told as upstream documents it", (args, expected) => {
  expect(detailsOf(args)).toMatchObject(expected);
});

test("what is no object has a problem and no field", () => {
  expect(detailsOf("text")).toMatchObject({ field: "", problems: expect.stringMatching(/object/) });
  expect(detailsOf(null)).not.toHaveProperty("specific_code");
});

test("all problems are told, and the details are those of the first", () => {
  const { fields, field } = detailsOf({ name: 1, share: "x" }) as { fields: object[]; field: string };
  expect([fields.length, field]).toEqual([2, "name"]);
});
