import { expect, test } from "vitest";
import { installPackages, parseStatus } from "../../machine/debian-packages.mjs";

test.each([
  ["dlstatus:1:20.5:Retrieving file 1 of 9", { phase: "download", share: 0.205, text: "Retrieving file 1 of 9" }],
  ["pmstatus:runc:80:Installing runc (amd64)", { phase: "install", share: 0.8, text: "Installing runc (amd64)" }],
  ["pmerror:runc:80:broken", undefined],
  ["", undefined],
])("apt's line %j", (line, status) => {
  expect(parseStatus(line)).toEqual(status);
});

test("the lists come first, then the packages, and the share only grows", async () => {
  const commands: string[] = [];
  const shares: number[] = [];
  const execute = async (
    command: string,
    args: readonly string[],
    options?: { onStatusLine?: (line: string) => void },
  ) => {
    commands.push([command, ...args].join(" "));
    if (command === "sh") expect(args).toEqual([expect.stringMatching(/quiet-install\.sh$/), "runc"]);
    for (const line of ["dlstatus:1:10:a", "dlstatus:1:100:b"]) options?.onStatusLine?.(line);
    if (command === "sh")
      for (const line of ["pmstatus:runc:1:c", "pmstatus:runc:100:d"]) options?.onStatusLine?.(line);
    return "";
  };
  await installPackages(["runc"], { reached: (share) => void shares.push(share) }, execute);
  expect(commands.map((command) => command.split(" ")[0])).toEqual(["apt-get", "sh"]);
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  expect(shares.at(-1)).toBeCloseTo(1);
});
