/**
 * `npm run bench:bridge [-- --only call,enqueue --write]`: what the bridge does, each beside its reference in the same run.
 * `--write` puts the figures into docs/performance.md.
 */
import { parseArgs } from "node:util";
import { bundle } from "../images/bundle.ts";
import { allowance, bridgeAllowance } from "./bridge/allowance.ts";
import { calls } from "./bridge/call.ts";
import { clicks } from "./bridge/click.ts";
import { enqueued } from "./bridge/enqueue.ts";
import { texts } from "./bridge/text.ts";
import { waiting } from "./bridge/waiting.ts";
import { Report } from "./report.ts";

const { values } = parseArgs({
  options: {
    /** Names of parts, separated by commas; without it all. */
    only: { type: "string", default: "" },
    calls: { type: "string", default: "500" },
    clicks: { type: "string", default: "400" },
    /** Calls that wait at the same time for a click. */
    waiting: { type: "string", default: "8" },
    /** Messages of the simulated allowance. */
    messages: { type: "string", default: "10000" },
    /** Messages that a bridge sends in earnest, 30 of them a second. */
    sent: { type: "string", default: "1200" },
    /** Messages that are in the queue. */
    queued: { type: "string", default: "1000000" },
    write: { type: "boolean", default: false },
  },
});

const report = new Report("bridge");

const parts: Readonly<Record<string, () => void | Promise<void>>> = {
  call: () => calls(report, Number(values.calls)),
  click: () => clicks(report, { clicks: Number(values.clicks), waiting: Number(values.waiting) }),
  enqueue: async () => {
    for (const together of [1, 16, 64]) await enqueued(report, together);
  },
  allowance: async () => {
    allowance(report, Number(values.messages));
    await bridgeAllowance(report, Number(values.sent));
  },
  waiting: () => waiting(report, Number(values.queued)),
  text: () => texts(report),
};

const names = values.only === "" ? Object.keys(parts) : values.only.split(",");
const unknown = names.filter((name) => parts[name] === undefined);
if (unknown.length > 0) {
  console.error(`There is no part ${unknown.join(", ")}. Parts: ${Object.keys(parts).join(", ")}.`);
  process.exit(1);
}
if (names.some((name) => ["call", "click", "allowance"].includes(name))) await bundle(["server"]);
for (const name of names) await parts[name]?.();
if (values.write) report.write();
