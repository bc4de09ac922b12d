import { Informer, type InformerDefinition, storedOf } from "./informer.ts";
import { Limiter } from "./limiter.ts";
import { Reflector, type ReflectorParts } from "./reflector.ts";
import type { ResourceType } from "./resource-type.ts";
import type { Stored } from "./store.ts";

export type InformersOptions = Pick<ReflectorParts<Stored>, "client" | "clock" | "random" | "logger" | "metrics"> & {
  /** The namespaces to watch; none means all. Types without namespaces are watched only with all. */
  readonly namespaces?: readonly string[];
};

/** One page is requested while the other is processed: more would cost memory at the start and save no time. */
const pagesAtOnce = 2;

/** How often to check for missing optional types when their definitions may not be watched. */
const definitionPollMs = 60_000;

const customResourceDefinitions: ResourceType = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  namespaced: false,
};

/**
 * The informers of a manager: one watch for each definition, shared by all who ask for it.
 *
 * @example
 * ```ts
 * const definition = { type: deployments, reduce: storedOf };
 * const informers = new Informers({ client, clock, random: Math.random, logger, metrics });
 * const isShared = informers.of(definition) === informers.of(definition);
 * ```
 */
export class Informers {
  readonly #options: InformersOptions;
  readonly #informers = new Map<InformerDefinition<never>, Informer<never>>();
  #reflectors: readonly Reflector<never>[] | undefined;

  constructor(options: InformersOptions) {
    this.#options = options;
  }

  /** Of all informers; none before the start. */
  get reflectors(): readonly Reflector<never>[] {
    return this.#reflectors ?? [];
  }

  /** The informer of a definition, the same for the same definition. Throws when the watches have started without it. */
  of<T extends Stored>(definition: InformerDefinition<T>): Informer<T> {
    const known = this.#informers.get(anyOf(definition)) as unknown as Informer<T> | undefined;
    if (known !== undefined) return known;
    if (this.#reflectors !== undefined) throw new Error(`the watches run already, without ${definition.type.plural}`);
    const informer = new Informer(definition);
    this.#informers.set(anyOf(definition), informer as unknown as Informer<never>);
    return informer;
  }

  /** Starts all watches; resolves when they have ended, after the signal aborts. */
  async start(signal: AbortSignal): Promise<void> {
    const { namespaces = [] } = this.#options;
    if (namespaces.length === 0) this.#watchDefinitions();
    const paging = new Limiter(pagesAtOnce);
    this.#reflectors = [...this.#informers.values()].flatMap((informer) => this.#reflectorsOf(informer, paging));
    await Promise.all(this.#reflectors.map((reflector) => reflector.run(signal)));
  }

  #reflectorsOf<T extends Stored>(informer: Informer<T>, paging: Limiter): readonly Reflector<T>[] {
    const { namespaces = [] } = this.#options;
    const everywhere = namespaces.length === 0;
    const { optional = false, ...definition } = informer.definition;
    if (!everywhere && !definition.type.namespaced) return [];
    const options = { paging, optional, ...(everywhere ? {} : { optionalPollMs: definitionPollMs }) };
    const reflectors = (everywhere ? [undefined] : namespaces).map(
      (namespace) =>
        new Reflector<T>({
          ...this.#options,
          ...definition,
          ...informer.sinks,
          store: informer.store,
          namespace,
          options,
        }),
    );
    informer.feedBy(reflectors);
    return reflectors;
  }

  /** By name, so that the operator needs rights for these only. */
  #watchDefinitions(): void {
    const optional = [...this.#informers.values()].filter(({ definition }) => definition.optional);
    for (const [name, informers] of Map.groupBy(optional, ({ definition }) => nameOf(definition.type))) {
      const definition = {
        type: customResourceDefinitions,
        reduce: storedOf,
        metadataOnly: true,
        fieldSelector: `metadata.name=${name}`,
      };
      this.of(definition).onChange(() => {
        for (const informer of informers) informer.recheck();
      });
    }
  }
}

const nameOf = ({ plural, group }: ResourceType) => `${plural}.${group}`;

/** Definitions of different types are keys of one map. */
const anyOf = <T extends Stored>(definition: InformerDefinition<T>) =>
  definition as unknown as InformerDefinition<never>;
