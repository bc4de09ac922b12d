const shapes = {
  good: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm3.6 5.1-4.3 5a.8.8 0 0 1-1.2 0L4.4 9.2l1.1-1.1 1.2 1.3 3.8-4.4z",
  warning:
    "M8 1.2a1 1 0 0 1 .9.5l6.3 11.6a1 1 0 0 1-.9 1.5H1.7a1 1 0 0 1-.9-1.5L7.1 1.7a1 1 0 0 1 .9-.5ZM7.1 5.5l.3 4.4h1.2l.3-4.4zm.9 5.6a.95.95 0 1 0 0 1.9.95.95 0 0 0 0-1.9Z",
  bad: "M5 1h6l4 4v6l-4 4H5l-4-4V5zm.6 3.5L4.5 5.6 6.9 8l-2.4 2.4 1.1 1.1L8 9.1l2.4 2.4 1.1-1.1L9.1 8l2.4-2.4-1.1-1.1L8 6.9z",
  quiet: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 1.6a5.4 5.4 0 1 1 0 10.8A5.4 5.4 0 0 1 8 2.6Z",
  stopped: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1ZM5.4 4.8h1.8v6.4H5.4zm3.4 0h1.8v6.4H8.8z",
} as const;

export type Tone = keyof typeof shapes;

/** A sign beside a word: shape as well as colour says what it means. */
export function Icon({ tone }: { readonly tone: Tone }) {
  return (
    <svg class={`icon ${tone}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path fill-rule="evenodd" d={shapes[tone]} />
    </svg>
  );
}
