import { useEffect, useRef, useState } from "preact/hooks";
import type { Overview } from "../../../../contract/monitoring.ts";
import { apiUrl } from "./api.ts";
import { follow, type Link } from "./live.ts";

/** An overview, and how far the server's clock is from the browser's, in milliseconds. */
type Told = { readonly overview: Overview; readonly offset: number };

export type Live = {
  readonly overview: Overview | undefined;
  /** By the server's clock, in milliseconds. */
  readonly now: number;
  readonly link: Link;
  readonly isHeld: boolean;
  readonly hold: (isHeld: boolean) => void;
};

/** However often the server tells, people read no faster. */
const SHOWN_EVERY_MS = 500;

/** What the server tells, as often as it is worth showing: not while nobody looks, and not while somebody holds it still. */
export function useLive(): Live {
  const latest = useRef<Told>(undefined);
  const heldSince = useRef<number>(undefined);
  const [shown, show] = useState<Told>();
  const [link, setLink] = useState<Link>({ state: "connecting" });
  const [isHeld, setHeld] = useState(false);
  const [clock, setClock] = useState(() => Date.now());

  const showLatest = () => {
    if (document.hidden || heldSince.current !== undefined) return;
    show(latest.current);
    setClock(Date.now());
  };
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const showSoon = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        showLatest();
      }, SHOWN_EVERY_MS);
    };
    const unfollow = follow(apiUrl("stream"), {
      overview(overview) {
        const isFirst = latest.current === undefined;
        latest.current = { overview, offset: Date.parse(overview.at) - Date.now() };
        if (isFirst) showLatest();
        else showSoon();
      },
      link: setLink,
    });
    const ticking = setInterval(showLatest, 1_000);
    document.addEventListener("visibilitychange", showLatest);
    return () => {
      unfollow();
      clearTimeout(timer);
      clearInterval(ticking);
      document.removeEventListener("visibilitychange", showLatest);
    };
  }, []);

  const hold = (wanted: boolean) => {
    heldSince.current = wanted ? Date.now() : undefined;
    setHeld(wanted);
    showLatest();
  };
  return { overview: shown?.overview, now: clock + (shown?.offset ?? 0), link, isHeld, hold };
}
