/**
 * What Node is told so that a program ends with the worker of its test. A test that ran out of its time, or failed while it began,
 * stops nothing, and the runner waits for whoever holds its output.
 */
export const endsWithWorker = ["--import", new URL("./orphan.ts", import.meta.url).href] as const;
