import type { Overview } from "../../../../contract/monitoring.ts";
import { readJson } from "./api.ts";

/** How the page hears from the server. */
export type Link =
  | { readonly state: "connecting" }
  | { readonly state: "live" }
  /** `isOver`: it is not tried again, because only the person can help. */
  | { readonly state: "lost"; readonly since: number; readonly reason: string; readonly isOver: boolean };

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
  const lose = ({ reason, isOver }: Loss) => {
    close();
    lostSince ??= Date.now();
    heard.link({ state: "lost", since: lostSince, reason, isOver });
    if (isOver) return;
    retry = setTimeout(open, wait);
    wait = Math.min(wait * 2, LONGEST_RETRY_MS);
  };
  const listenOn = () => {
    clearTimeout(silence);
    silence = setTimeout(() => lose({ reason: "nothing has arrived for 20 seconds", isOver: false }), SILENCE_MS);
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
      void whyLost().then((loss) => source === opened && lose(loss));
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

type Loss = { readonly reason: string; readonly isOver: boolean };

/**
 * Streams do not tell why they fail; a request to the same server does. Whoever is not let in any more is not asked for a password
 * again and again.
 */
async function whyLost(): Promise<Loss> {
  const answer = await readJson("overview");
  if (answer.ok) return { reason: "the stream has ended", isOver: false };
  return { reason: answer.problem, isOver: answer.status === 401 };
}
