import type { ComponentChildren } from "preact";

type Properties = {
  readonly id: string;
  readonly title: string;
  readonly note?: ComponentChildren;
  /** Said instead of the content when there is none. */
  readonly none?: string | undefined;
  readonly tools?: ComponentChildren;
  readonly children?: ComponentChildren;
};

/** A part of the page with its heading, to which links and the focus can go. */
export function Section({ id, title, note, none, tools, children }: Properties) {
  return (
    <section id={id} class={none === undefined ? "card" : "card empty"} aria-labelledby={`${id}-title`}>
      <div class="card-head">
        <h2 id={`${id}-title`} tabIndex={-1}>
          {title}
        </h2>
        {note !== undefined && <span class="quiet">{note}</span>}
        {tools}
      </div>
      {none === undefined ? children : <p class="none">{none}</p>}
    </section>
  );
}
