import type { ShownAlert } from "../../../../../contract/monitoring.ts";
import { visibleText } from "../words/visible-text.ts";
import { Icon } from "./icon.tsx";
import { Section } from "./section.tsx";
import { Foreign, Since } from "./text.tsx";

/** Alerts that fire, then those whose condition does not hold for long enough yet. */
export function Alerts({ alerts, now }: { readonly alerts: readonly ShownAlert[]; readonly now: number }) {
  const firing = alerts.filter((alert) => alert.firing);
  const waiting = alerts.filter((alert) => !alert.firing);
  return (
    <Section
      id="alerts"
      title="Alerts"
      note={alerts.length > 0 && `${firing.length} would fire, ${waiting.length} not yet`}
      none={alerts.length === 0 ? "No alert would fire." : undefined}
    >
      <ul class="alerts">
        {[...firing, ...waiting].map((alert) => (
          <Alert key={alert.name} alert={alert} now={now} />
        ))}
      </ul>
    </Section>
  );
}

function Alert({ alert: { name, severity, message, since, firing }, now }: { alert: ShownAlert; now: number }) {
  const tone = firing ? (severity === "warning" ? "warning" : "bad") : "quiet";
  return (
    <li class={`alert ${tone}`}>
      <Icon tone={tone} />
      <div>
        <p class="alert-name">
          <strong>{visibleText(name)}</strong>
          <span class={`tag ${tone}`}>{severity}</span>
          <span class="quiet">
            {firing ? "fires; its condition holds for " : "does not fire yet; its condition holds for "}
            <Since at={since} now={now} />
          </span>
        </p>
        <p>
          <Foreign text={message} />
        </p>
        <p class="quiet">
          Runbook: <code>docs/runbooks/{visibleText(name)}.md</code>
        </p>
      </div>
    </li>
  );
}
