import type { Said } from "./record.ts";

/** A place where a secret belongs, and why. */
export type Allowed = {
  readonly reason: string;
  readonly kind: Said["kind"];
  /** In the name of the test or file. */
  readonly by?: RegExp;
  /** In the text around it. */
  readonly near?: RegExp;
};

export const allowed: readonly Allowed[] = [
  { reason: "a file of API keys, which is where the server reads them", kind: "file", by: / (api-)?keys(\.json)?$/ },
];
