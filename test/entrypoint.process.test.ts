import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { nodeArguments } from "../images/image-definition.ts";

const program = "process.on('message', () => process.send('alive')); process.send('started');";

async function afterSignal(args: readonly string[]) {
  const child = spawn(process.execPath, [...args, "--inspect-port=0", "-e", program], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = "";
  child.stderr?.on("data", (data: Buffer) => {
    said += data.toString();
  });
  await once(child, "message");
  child.kill("SIGUSR1");
  // Node starts the inspector in a thread of its own.
  await delay(1_000);
  child.send("?");
  const [answer] = await once(child, "message");
  return { answer, said };
}

test.each(["server", "operator"])("SIGUSR1 does not open the inspector of the %s", async (image) => {
  expect(await afterSignal(nodeArguments(image))).toEqual({ answer: "alive", said: "" });
});

test("it would without the images' arguments", async () => {
  expect((await afterSignal([])).said).toContain("Debugger listening");
});
