/** Of every test file: keeps what it says, when `npm test` wants that. */
import { afterAll, expect } from "vitest";
import { startRecorder } from "./recorder.ts";

const recorder = startRecorder(() => {
  const { testPath = "", currentTestName = "" } = expect.getState();
  return `${testPath.slice(process.cwd().length + 1)} ${currentTestName}`;
});

afterAll(() => recorder?.flush());
