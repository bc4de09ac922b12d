/** The screen of a terminal with the control sequences that progress lines use. Lines that do not fit wrap. */
export class Terminal {
  readonly isTTY = true;
  columns: number;
  readonly rows: number;
  #lines: string[] = [""];
  #row = 0;
  #column = 0;

  constructor(columns: number, rows = 24) {
    this.columns = columns;
    this.rows = rows;
  }

  /** What can be read, without empty lines at the end. */
  text(): string {
    return this.#lines.join("\n").trimEnd();
  }

  /** Changes the width as terminals do: rows that are too long wrap again, and the cursor stays with its text. */
  resize(columns: number): void {
    this.columns = columns;
    const wrapped = this.#lines.map((line) => line.match(new RegExp(`.{1,${columns}}`, "g")) ?? [""]);
    this.#row = wrapped.slice(0, this.#row + 1).flat().length - 1;
    this.#lines = wrapped.flat();
    this.#column = this.#lines[this.#row]?.length ?? 0;
  }

  write(text: string): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a terminal reads.
    for (const [piece] of text.matchAll(/\x1b\[\d*[A-Z]|[\s\S]/g)) this.#take(piece);
  }

  #take(piece: string): void {
    if (piece === "\r") this.#column = 0;
    else if (piece === "\n") this.#next();
    else if (piece === "\x1b[1A") this.#row = Math.max(0, this.#row - 1);
    else if (piece === "\x1b[J") this.#eraseBelow();
    else if (piece.startsWith("\x1b")) throw new Error(`unknown sequence ${JSON.stringify(piece)}`);
    else this.#put(piece);
  }

  #next(): void {
    this.#row += 1;
    this.#column = 0;
    if (this.#row === this.#lines.length) this.#lines.push("");
  }

  #eraseBelow(): void {
    this.#lines[this.#row] = (this.#lines[this.#row] ?? "").slice(0, this.#column);
    this.#lines.length = this.#row + 1;
  }

  #put(character: string): void {
    if (this.#column === this.columns) this.#next();
    const line = (this.#lines[this.#row] ?? "").padEnd(this.#column);
    this.#lines[this.#row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1);
    this.#column += 1;
  }
}
