import type * as z from "zod";
import { ServerError } from "../../../contract/errors.ts";

/** A body as its schema says; throws VALIDATION_ERROR with every field that is wrong, also for what is not JSON. */
export function checkedBody<T>(schema: z.ZodType<T>, body: unknown): T {
  return checked(schema, jsonOf(body));
}

/** A value as its schema says; throws VALIDATION_ERROR. */
export function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const fields = result.error.issues.map(({ path, message }) => ({ field: path.join(".") || "(body)", message }));
  const problems = fields.map(({ field, message }) => `${field}: ${message}`).join("; ");
  throw new ServerError("VALIDATION_ERROR", { problems, fields });
}

/** What a body says; undefined for what is not JSON: the schema then says that an object is missing. */
export function jsonOf(body: unknown): unknown {
  try {
    return Buffer.isBuffer(body) ? JSON.parse(body.toString("utf8")) : undefined;
  } catch {
    return undefined;
  }
}
