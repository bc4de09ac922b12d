/**
 * Work that signals ask for. It never runs twice at once: who asks while it runs gets it once more afterwards, however many
 * ask. Who asks before there is anything to do gets it when there is.
 */
export class AskedWork {
  #work: (() => Promise<void>) | undefined;
  #isAsked = false;
  #running: Promise<void> | undefined;

  ask(): void {
    this.#isAsked = true;
    this.#run();
  }

  /** From now on this is what there is to do. It tells itself of its failures. */
  become(work: () => Promise<void>): void {
    this.#work = work;
    this.#run();
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  #run(): void {
    if (this.#work === undefined || !this.#isAsked) return;
    this.#running ??= this.#untilDone(this.#work).finally(() => {
      this.#running = undefined;
      this.#run();
    });
  }

  async #untilDone(work: () => Promise<void>): Promise<void> {
    this.#isAsked = false;
    await work();
  }
}
