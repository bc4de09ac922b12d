import { useEffect, useState } from "preact/hooks";
import type { History } from "../../../../contract/monitoring.ts";
import { readJson } from "./api.ts";

export const hoursOffered = [1, 6, 24] as const;

export type Hours = (typeof hoursOffered)[number];

export type Past = { readonly hours: Hours; readonly history?: History; readonly problem?: string };

const READ_EVERY_MS = 30_000;

/** The last hours, read again now and then while somebody looks. What was read last stays when it cannot be read again. */
export function useHistory(hours: Hours): Past {
  const [past, setPast] = useState<Past>({ hours });
  useEffect(() => {
    let isWanted = true;
    const read = async () => {
      if (document.hidden) return;
      const answer = await readJson<History>(`history?hours=${hours}`);
      if (!isWanted) return;
      if (answer.ok) setPast({ hours, history: answer.body });
      else setPast((before) => ({ ...(before.hours === hours ? before : { hours }), problem: answer.problem }));
    };
    void read();
    const reading = setInterval(read, READ_EVERY_MS);
    document.addEventListener("visibilitychange", read);
    return () => {
      isWanted = false;
      clearInterval(reading);
      document.removeEventListener("visibilitychange", read);
    };
  }, [hours]);
  return past;
}
