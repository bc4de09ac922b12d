import type { Live } from "../use-live.ts";
import { clockText, durationText } from "../words/times.ts";
import { visibleText } from "../words/visible-text.ts";
import { Icon } from "./icon.tsx";

type Properties = {
  readonly live: Live;
  readonly hasKey: boolean;
  readonly forgetKey: () => void;
};

/** Whose page this is, whether it is live, and the key that it holds. */
export function Top({ live, hasKey, forgetKey }: Properties) {
  const { overview, isHeld, hold } = live;
  return (
    <header class="top">
      <h1>
        <span class="product">CCTelegram</span> <bdi>{visibleText(overview?.name ?? "")}</bdi>
      </h1>
      <LinkState live={live} />
      <div class="top-tools">
        {hasKey && (
          <button type="button" onClick={forgetKey}>
            Forget the key
          </button>
        )}
        <button type="button" aria-pressed={isHeld} disabled={overview === undefined} onClick={() => hold(!isHeld)}>
          Pause updates
        </button>
      </div>
    </header>
  );
}

function LinkState({ live: { overview, now, link, isHeld } }: { readonly live: Live }) {
  const told = overview === undefined ? "" : clockText(overview.at, now);
  if (link.state === "lost") {
    return (
      <p class="link lost">
        <Icon tone="bad" />
        Not live
      </p>
    );
  }
  if (link.state === "connecting" || overview === undefined) {
    return (
      <p class="link">
        <Icon tone="quiet" />
        Connecting…
      </p>
    );
  }
  return isHeld ? (
    <p class="link held">
      <Icon tone="stopped" />
      Paused at {told}
    </p>
  ) : (
    <p class="link live">
      <span class="beat" aria-hidden="true" />
      Live <span class="quiet">{told}</span>
    </p>
  );
}

/** Why nothing comes, over the end of the page, so that nothing moves. */
export function LostNotice({ live: { link, overview }, since }: { readonly live: Live; readonly since: number }) {
  if (link.state !== "lost") return null;
  const seconds = (since - link.since) / 1_000;
  return (
    <div class="notice bad">
      <Icon tone="bad" />
      <p>
        <strong>{overview === undefined ? "Nothing can be read." : "This is not live."}</strong>{" "}
        {`Lost ${durationText(seconds)} ago: ${visibleText(link.reason).replace(/\.$/, "")}. ${link.isOver ? "Load the page again to log in." : "Connecting again by itself."}`}
      </p>
    </div>
  );
}
