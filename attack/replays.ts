import { Installation } from "./installation.ts";
import { startRecorder } from "./recorder.ts";
import { type Answer, send } from "./requests.ts";
import { failuresOf, type Scenario } from "./scenario.ts";

const TIMES = 200;
const TEXT = "pay 100 to the shop";
const FORGED = "pay 999 to the thief";
const DELIVERED_WITHIN_MS = 15_000;

/** A request as it was on the wire. */
type Recorded = {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
};

/** The requests in what one connection sent; bodies here have their length in advance. */
function requestsIn(text: string): Recorded[] {
  const requests: Recorded[] = [];
  for (let rest = text; rest.includes("\r\n\r\n"); ) {
    const end = rest.indexOf("\r\n\r\n");
    const [first = "", ...lines] = rest.slice(0, end).split("\r\n");
    const [method = "", path = ""] = first.split(" ");
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
    );
    const length = Number(headers["content-length"] ?? 0);
    requests.push({ method, path, headers, body: rest.slice(end + 4, end + 4 + length) });
    rest = rest.slice(end + 4 + length);
  }
  return requests;
}

const replay: Scenario = {
  name: "recorded requests of the bridge that are sent again",
  async run() {
    await using recorder = await startRecorder();
    await using installation = await Installation.start({ server: { BRIDGE_URL: recorder.url } });
    recorder.to(installation.intake);
    const { status } = await installation.call("victim", "send_telegram_message", { message: TEXT });
    const sent = recorder.recorded.flatMap((chunks) => requestsIn(Buffer.concat(chunks).toString("latin1")));
    const event = sent.find(({ body }) => body.includes(TEXT));
    if (status !== 200 || event === undefined) return { measured: "", failures: [`nothing was recorded: ${status}`] };

    const again = (changes: Partial<Recorded>, headers: Record<string, string> = {}): Promise<Answer> => {
      const { method, path, body, headers: own } = { ...event, ...changes };
      const { connection: _connection, host: _host, ...kept } = own;
      const length = { "content-length": String(Buffer.byteLength(body, "latin1")) };
      return send(`${installation.intake}${path}`, { method, body, headers: { ...kept, ...length, ...headers } });
    };
    const replays = await Promise.all(Array.from({ length: TIMES }, () => again({})));
    const repeated = replays.filter(({ body }) => body.includes('"duplicate":true')).length;
    const timestamp = Object.keys(event.headers).find((name) => name.includes("timestamp")) ?? "";
    const later = String(Number(event.headers[timestamp]) + 1);
    const forgeries: Record<string, Answer> = {
      "another text": await again({ body: event.body.replace(TEXT, FORGED) }),
      "another client": await again({ body: event.body.replace("victim", "intern") }),
      "another path": await again({ path: "/relay" }),
      "a query": await again({ path: `${event.path}?x=1` }),
      "another method": await again({ method: "DELETE" }),
      "a later time": await again({}, { [timestamp]: later }),
    };
    const taken = Object.entries(forgeries).filter(([, { status: answered }]) => answered < 400 || answered >= 500);
    const texts = await delivered(installation);
    return {
      measured: `${repeated} of ${TIMES} replays were known; ${Object.keys(forgeries).length - taken.length} of ${Object.keys(forgeries).length} forgeries refused`,
      failures: [
        ...taken.map(([name, { status: answered }]) => `${name} was answered ${answered}`),
        ...failuresOf([
          [repeated === TIMES, `only ${repeated} of ${TIMES} replays were known as such`],
          [texts.filter((text) => text.includes(TEXT)).length === 1, `Telegram got: ${texts.join(" | ")}`],
          [!texts.some((text) => text.includes(FORGED)), "a forged text was delivered"],
        ]),
      ],
    };
  },
};

/** What Telegram got, once a message that was sent after everything else is there. */
async function delivered(installation: Installation): Promise<readonly string[]> {
  const last = `the last one ${performance.now()}`;
  await installation.call("victim", "send_telegram_message", { message: last });
  const signal = AbortSignal.timeout(DELIVERED_WITHIN_MS);
  for (;;) {
    const texts = installation.telegram.delivered().map(({ text = "" }) => text);
    if (signal.aborted || texts.some((text) => text.includes(last))) return texts;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export const replays: readonly Scenario[] = [replay];
