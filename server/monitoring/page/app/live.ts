import type { Overview } from "../../../../contract/monitoring.ts";
import { readJson } from "./api.ts";

/** How the page hears from the server. */
export type Link =
  | { readonly state: "connecting" }
  | { readonly state: "live" }
  | { readonly state: "lost"; readonly since: number; readonly reason: string };

export type Heard = { readonly overview: (overview: Overview) => void; readonly link: (link: Link) => void };

/** One object, so that nothing changes while all is well. */
const LIVE: Link = { state: "live" };

/** Streams tell something every few seconds; one that has been silent for so long is dead, even if nobody closed it. */
const SILENCE_MS = 20_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 15_000;

/** Listens to the stream for as long as the page is there, and connects again whenever it is lost. Returns what ends it. */
export function follow(url: string, heard: Heard): () => void {
  let source: EventSource | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let lostSince: number | undefined;
  let wait = FIRST_RETRY_MS;

  const close = () => {
    clearTimeout(silence);
    clearTimeout(retry);
    source?.close();
  };
  const lose = (reason: string) => {
    close();
    lostSince ??= Date.now();
    heard.link({ state: "lost", since: lostSince, reason });
    retry = setTimeout(open, wait);
    wait = Math.min(wait * 2, LONGEST_RETRY_MS);
  };
  const listenOn = () => {
    clearTimeout(silence);
    silence = setTimeout(() => lose("nothing has arrived for 20 seconds"), SILENCE_MS);
  };
  const take = ({ data }: MessageEvent<string>) => {
    listenOn();
    lostSince = undefined;
    wait = FIRST_RETRY_MS;
    heard.overview(JSON.parse(data));
    heard.link(LIVE);
  };
  const open = () => {
    close();
    const opened = new EventSource(url);
    source = opened;
    opened.onmessage = take;
    // The browser's own retries do not say what is wrong, and stop for good at an answer that is no stream.
    opened.onerror = () => {
      opened.close();
      void whyLost().then((reason) => source === opened && lose(reason));
    };
    listenOn();
  };
  const openNow = () => lostSince !== undefined && open();
  globalThis.addEventListener("online", openNow);
  open();
  return () => {
    close();
    source = undefined;
    globalThis.removeEventListener("online", openNow);
  };
}

/** Streams do not tell why they fail; a request to the same server does. */
async function whyLost(): Promise<string> {
  const answer = await readJson("overview");
  return answer.ok ? "the stream has ended" : answer.problem;
}
