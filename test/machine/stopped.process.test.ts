import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";

const stopped = join(import.meta.dirname, "../../machine/stopped.ts");

/** Writes a line before and after each step of its cleaning up, as the real ones do. */
const program = (marker: string) => `
  import { rmSync, writeFileSync } from "node:fs";
  import { setTimeout as delay } from "node:timers/promises";
  import { onStopped } from ${JSON.stringify(stopped)};
  const alive = setInterval(() => {}, 1000);
  onStopped(async () => {
    for (let step = 0; step < 5; step++) {
      console.log("step", step);
      console.error("step", step);
      await delay(50);
    }
    rmSync(${JSON.stringify(marker)});
    clearInterval(alive);
  });
  writeFileSync(${JSON.stringify(marker)}, "");
`;

test("a program whose terminal is closed cleans up to the end", async () => {
  const folder = mkdtempSync(join(tmpdir(), "stopped-"));
  const marker = join(folder, "marker");
  const command = `${process.execPath} --input-type=module -e ${quoted(program(marker))}`;
  const terminal = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["pipe", "ignore", "ignore"] });
  try {
    await vi.waitFor(() => expect(existsSync(marker)).toBe(true));
    terminal.kill("SIGKILL");
    await vi.waitFor(() => expect(existsSync(marker)).toBe(false));
  } finally {
    terminal.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
});

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
