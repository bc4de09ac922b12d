/**
 * curl, as far as the guides use it, for machines that have none: what it does not know it refuses, with curl's exit code for that.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

const { values, positionals } = readArguments();
const [url, ...more] = positionals;
if (url === undefined || more.length > 0) fail(2, "one URL is needed");

const headers = (values.header ?? []).map((line): [string, string] => {
  const [name = "", ...rest] = line.split(":");
  return [name, rest.join(":").trim()];
});
const answer = await fetch(url, { method: values.request ?? "GET", headers, redirect: "manual" }).catch(() =>
  fail(7, `there is no answer from ${url}`),
);
const text = await answer.text();
if (values.fail && answer.status >= 400) fail(22, `the answer is ${answer.status}`);
if (values.output === undefined) process.stdout.write(text);
else writeFileSync(values.output, text);
process.stdout.write((values["write-out"] ?? "").replaceAll("%{http_code}", String(answer.status)));

function readArguments() {
  const options = {
    fail: { type: "boolean", short: "f" },
    silent: { type: "boolean", short: "s" },
    header: { type: "string", short: "H", multiple: true },
    request: { type: "string", short: "X" },
    output: { type: "string", short: "o" },
    "write-out": { type: "string", short: "w" },
  } as const;
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    return fail(2, String(error));
  }
}

function fail(code: number, message: string): never {
  process.stderr.write(`curl: (${code}) ${message}\n`);
  process.exit(code);
}
