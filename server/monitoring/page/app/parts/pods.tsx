import type { PodReport } from "../../../../../contract/monitoring.ts";
import { countText, mebibytesText, numberText } from "../words/numbers.ts";
import { millisecondsText } from "../words/times.ts";
import { visibleText } from "../words/visible-text.ts";
import { Icon } from "./icon.tsx";
import { Section } from "./section.tsx";
import { type Column, Table } from "./table.tsx";
import { Foreign, Since } from "./text.tsx";
import { healthTitle, healthTone } from "./verdict.tsx";

const perMinute = (head: string, name: keyof PodReport["per_minute"]): Column<PodReport> => ({
  head,
  isNumber: true,
  cell: ({ role, per_minute }) => (role === "bridge" ? "–" : numberText(per_minute[name])),
});

function Health({ pod: { health, draining, reasons } }: { readonly pod: PodReport }) {
  return (
    <span>
      <Icon tone={draining ? "stopped" : healthTone(health)} />
      {draining ? "Draining" : healthTitle(health)}
      {reasons.length > 0 && (
        <span class="quiet">
          {": "}
          <Foreign text={reasons.join("; ")} />
        </span>
      )}
    </span>
  );
}

/** Every process of the resource with its numbers. */
export function Pods({ pods, now }: { readonly pods: readonly PodReport[]; readonly now: number }) {
  return (
    <Section
      id="pods"
      title="Pods"
      note={countText(pods.length, "pod")}
      none={pods.length === 0 ? "No pod has told anything in the last 30 seconds." : undefined}
    >
      <Table
        caption="Servers and bridge with their numbers; rates are for each minute"
        rows={pods}
        keyOf={({ role, name }) => `${role} ${name}`}
        columns={[
          { head: "Pod", cell: ({ name }) => <Foreign text={name} /> },
          { head: "Role", isShort: true, cell: ({ role }) => role },
          { head: "Health", isBroad: true, cell: (pod) => <Health pod={pod} /> },
          { head: "Version", cell: ({ version }) => <Foreign text={version} /> },
          { head: "Up for", isNumber: true, cell: ({ started_at }) => <Since at={started_at} now={now} /> },
          { head: "Memory", isNumber: true, cell: ({ memory_bytes }) => mebibytesText(memory_bytes) },
          {
            head: "Loop delay",
            isNumber: true,
            cell: ({ event_loop_delay_ms }) => millisecondsText(event_loop_delay_ms),
          },
          {
            head: "Streams",
            isNumber: true,
            cell: ({ role, streams }) => (role === "bridge" ? "–" : numberText(streams)),
          },
          perMinute("Requests/min", "requests"),
          perMinute("Tools/min", "tool_calls"),
          perMinute("5xx/min", "errors"),
          perMinute("Limited/min", "limited"),
          perMinute("No key/min", "unauthenticated"),
          {
            head: "Told before",
            isNumber: true,
            cell: ({ seen_at }) => (
              <span title={visibleText(seen_at)}>
                <Since at={seen_at} now={now} />
              </span>
            ),
          },
        ]}
      />
    </Section>
  );
}
