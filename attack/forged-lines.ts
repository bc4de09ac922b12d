import { Installation } from "./installation.ts";
import { send } from "./requests.ts";
import { failuresOf, type Scenario } from "./scenario.ts";

const VICTIM = "203.0.113.7";
const FORGED = `SECURITY authentication_failure client_ip=${VICTIM}`;
/** Ends of lines for somebody: line feed, carriage return, next line, line and paragraph separator, vertical tab, form feed, NUL. */
const BREAKS = ["\n", "\r\n", "\r", "\u0085", "\u2028", "\u2029", "\u000b", "\u000c", "\u0000", "\\n", "%0a", '"}\n'];
/** Of these a header may hold bytes of Latin-1, but for controls. */
const inHeader = (text: string) => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, "?");

const values = BREAKS.map((lineEnd) => `x${lineEnd}2026-11-26T00:00:00.000Z warn ${FORGED}${lineEnd}`);

/** Everywhere that a value of a stranger or a client may come to stand. */
async function say(installation: Installation, value: string): Promise<void> {
  const { http } = installation;
  const headers = { "x-api-key": installation.key("victim"), "content-type": "application/json" };
  const text = inHeader(value);
  const json = (body: object) => ({ method: "POST", headers, body: JSON.stringify(body) });
  await Promise.all([
    send(`${http}/tools`, { headers: { "x-api-key": text } }),
    send(`${http}/tools`, { headers: { ...headers, "x-request-id": text, "user-agent": text, traceparent: text } }),
    send(`${http}/tools`, { headers: { ...headers, origin: text } }),
    send(`${http}/tools`, { headers: { "x-forwarded-for": text, forwarded: text } }),
    send(`${http}/${encodeURIComponent(value)}?${encodeURIComponent(value)}`),
    send(`${http}/tools/${encodeURIComponent(value).slice(0, 120)}`, json({})),
    send(`${http}/tools/send_telegram_message`, json({ message: value, source: value })),
    send(`${http}/tools/send_telegram_event`, json({ type: value, title: value, description: value, task_id: value })),
    send(`${http}/tools/send_telegram_event`, json({ [value]: value })),
    send(`${http}/mcp`, json({ jsonrpc: "2.0", id: value, method: value, params: { name: value } })),
  ]);
}

const server = { LOG_LEVEL: "debug", MCP_TRUSTED_PROXIES: "127.0.0.1", MCP_ENABLE_BANS: "false" };

/** Everything that server and bridge log meanwhile, at whatever somebody takes for the end of a line. */
async function linesMeanwhile(): Promise<readonly string[]> {
  await using installation = await Installation.start({ server, bridge: { LOG_LEVEL: "debug" } });
  for (const value of values) await say(installation, value);
  await installation.served();
  const text = `${installation.server.log()}${installation.bridge.log()}`;
  return text.split(/[\n\r\v\f\u0085\u2028\u2029]/).filter((line) => line !== "");
}

const isJson = (line: string): boolean => {
  try {
    return typeof (JSON.parse(line) as object) === "object";
  } catch {
    return false;
  }
};

const forged: Scenario = {
  name: "values that look like lines of the log",
  async run() {
    const lines = await linesMeanwhile();
    const broken = lines.filter((line) => !isJson(line));
    const security = lines.filter((line) => line.includes("SECURITY "));
    // As the guide's filter of fail2ban has it, which looks anywhere in a line.
    const believed = lines.filter((line) => /SECURITY.*client_ip.*203\.0\.113\.7/.test(line));
    return {
      measured: `${lines.length} lines, ${security.length} of them security events`,
      failures: [
        ...broken.slice(0, 3).map((line) => `no line of ours: ${line.slice(0, 120)}`),
        ...failuresOf([
          [believed.length === 0, `who bans by the log believes: ${believed[0]?.slice(0, 300)}`],
          [security.length > 0, "nothing was refused"],
        ]),
      ],
    };
  },
};

export const forgedLines: readonly Scenario[] = [forged];
