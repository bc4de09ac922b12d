import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const script = join(import.meta.dirname, "../../machine/quiet-install.sh");
let folder: string;
let policy: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cctelegram-install-"));
  policy = join(folder, "policy-rc.d");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Replacements for the programs that the script calls: the real ones would change this machine. */
function program(name: string, text: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(folder, name), 0o755);
}

/** A package manager that asks, like Debian's scripts, whether it may start services, and records the answers. */
const asksForServices = `for service in nginx haproxy.service ssh; do
  "$POLICY_RC_D" --quiet $service start; echo "$service $?"
done > "$(dirname "$0")/answers"`;

function install(...packages: string[]) {
  const env = { PATH: `${folder}${delimiter}${process.env.PATH}`, POLICY_RC_D: policy };
  return spawn("sh", [script, ...packages], { env, stdio: "ignore" });
}

/** A package manager that installs until the test ends it. */
const installs = `touch "$(dirname "$0")/begun"; while [ ! -e "$(dirname "$0")/end" ]; do sleep 0.1; done`;
const end = () => writeFileSync(join(folder, "end"), "");

const read = (name: string) => readFileSync(join(folder, name), "utf8");

test("while packages are installed their services may not start, those of others may; then nothing is left", async () => {
  program("apt-get", asksForServices);
  program("systemctl", 'echo "$*" >> "$(dirname "$0")/systemctl.log"');
  expect((await once(install("nginx", "haproxy"), "close"))[0]).toBe(0);
  expect(read("answers").trim().split("\n")).toEqual(["nginx 101", "haproxy.service 101", "ssh 0"]);
  expect(existsSync(policy)).toBe(false);
  expect(read("systemctl.log")).toContain("disable --quiet nginx.service");
  expect(read("systemctl.log")).toContain("disable --quiet haproxy.service");
});

test("an installation that fails is told, and leaves nothing", async () => {
  program("apt-get", "exit 100");
  expect((await once(install("nginx"), "close"))[0]).toBe(100);
  expect(existsSync(policy)).toBe(false);
});

test("one that is told to end leaves nothing", async () => {
  program("apt-get", installs);
  const running = install("nginx");
  await expect.poll(() => existsSync(join(folder, "begun"))).toBe(true);
  expect(existsSync(policy)).toBe(true);
  running.kill("SIGTERM");
  end();
  expect((await once(running, "close"))[0]).toBe(130);
  expect(existsSync(policy)).toBe(false);
});

test("a policy of the machine's own stays; what a killed run left goes", async () => {
  program("apt-get", "exit 0");
  program("systemctl", "exit 1");
  writeFileSync(policy, "#!/bin/sh\nexit 0\n");
  await once(install("nginx"), "close");
  expect(readFileSync(policy, "utf8")).toBe("#!/bin/sh\nexit 0\n");
  rmSync(policy);
  program("apt-get", installs);
  const killed = install("nginx");
  await expect.poll(() => existsSync(join(folder, "begun"))).toBe(true);
  killed.kill("SIGKILL");
  await once(killed, "close");
  end();
  expect(existsSync(policy)).toBe(true);
  program("apt-get", "exit 0");
  await once(install("nginx"), "close");
  expect(existsSync(policy)).toBe(false);
});
