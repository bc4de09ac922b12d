import { useEffect, useRef, useState } from "preact/hooks";
import type { Overview } from "../../../../contract/monitoring.ts";
import type { Link } from "./live.ts";
import { visibleText } from "./words/visible-text.ts";

/** A stream that is back so soon was not missed by anybody. */
const MISSED_MS = 5_000;

/** What a screen reader says by itself: changes of health, alerts that begin to fire, and a stream that stays lost. Not numbers. */
export function useAnnouncement(overview: Overview | undefined, link: Link): string {
  const [said, say] = useState("");
  const health = overview?.health;
  const firing = overview?.alerts.filter((alert) => alert.firing).map(({ name }) => name) ?? [];
  const lastHealth = useRef(health);
  const lastFiring = useRef<readonly string[]>(undefined);
  const wasMissed = useRef(false);

  useEffect(() => {
    if (lastHealth.current !== undefined && health !== undefined && health !== lastHealth.current)
      say(`Now ${health}.`);
    lastHealth.current = health ?? lastHealth.current;
  }, [health]);
  useEffect(() => {
    if (overview === undefined) return;
    const begun = lastFiring.current === undefined ? [] : firing.filter((name) => !lastFiring.current?.includes(name));
    lastFiring.current = firing;
    if (begun.length > 0) say(visibleText(`Alert: ${begun.join(", ")}.`));
  }, [overview === undefined, firing.join()]);
  useEffect(() => {
    if (link.state === "live" && wasMissed.current) {
      wasMissed.current = false;
      say("Connected again.");
    }
    if (link.state !== "lost") return;
    const timer = setTimeout(() => {
      wasMissed.current = true;
      say("The connection is lost. Connecting again.");
    }, MISSED_MS);
    return () => clearTimeout(timer);
  }, [link.state]);
  return said;
}
