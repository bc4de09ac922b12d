/** A line with what hangs under it. */
export type Branch = { readonly text: string; readonly below: readonly Branch[] };

/** A tree as text; its lines may be marked already. */
export function tree({ text, below }: Branch): string {
  return [text, ...lines(below, "")].join("\n");
}

function lines(branches: readonly Branch[], indent: string): string[] {
  return branches.flatMap(({ text, below }, index) => {
    const isLast = index === branches.length - 1;
    return [`${indent}${isLast ? "└─ " : "├─ "}${text}`, ...lines(below, `${indent}${isLast ? "   " : "│  "}`)];
  });
}
