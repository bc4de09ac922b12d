/** Of every test file: `vi.waitFor` and `vi.waitUntil` are as patient as `expect.poll`. Vitest has an option for that one alone. */
import { inject, vi } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    readonly patienceMs: number;
  }
}

type Options = Parameters<typeof vi.waitFor>[1];

const timeout = inject("patienceMs");
const patient = (options: Options): Options => (typeof options === "number" ? options : { timeout, ...options });

const { waitFor, waitUntil } = vi;
vi.waitFor = (callback, options) => waitFor(callback, patient(options));
vi.waitUntil = (callback, options) => waitUntil(callback, patient(options));
