import { expect, test } from "vitest";
import { directoryProblem, listening, StartError } from "../../../server/process/start-error.ts";

const failure = (code: string) => Object.assign(new Error(`syscall ${code}`), { code });
const listener = { host: "127.0.0.1", port: 80, hostVariable: "MCP_SERVER_HOST", portVariable: "MCP_SERVER_PORT" };

test.each([
  ["EADDRINUSE", /in use.*\n.*MCP_SERVER_PORT/],
  ["EACCES", /may not take the port.*\n.*above 1023 with MCP_SERVER_PORT/],
  ["EADDRNOTAVAIL", /no address of this machine.*\n.*MCP_SERVER_HOST/],
  ["ENOTFOUND", /no address of this machine.*\n.*MCP_SERVER_HOST/],
])("a port that cannot be taken (%s) says which variable to change", async (code, message) => {
  const error = await listening(Promise.reject(failure(code)), listener).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(StartError);
  expect(error.message).toMatch(message);
});

test("what is no matter of listening stays what it is", async () => {
  const error = new StartError("Something else.", "Do this.");
  await expect(listening(Promise.reject(error), listener)).rejects.toBe(error);
});

test.each([
  ["EROFS", "the file system is read-only"],
  ["EACCES", "this user may not write there"],
  ["ENOSPC", "the disk is full"],
  ["EMFILE", "syscall EMFILE"],
])("a directory that cannot be used (%s) says why, and what to set", (code, reason) => {
  const { message } = directoryProblem("/data", "CC_TELEGRAM_DATA_DIR", failure(code));
  expect(message).toContain(`/data cannot be used: ${reason} (${code}).\nSet CC_TELEGRAM_DATA_DIR`);
});
