import { loadAll } from "js-yaml";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as types from "../../operator/deployment/resource-types.ts";
import type { KubernetesObject } from "../../operator/runtime/kubernetes-object.ts";
import { resourcePath } from "../../operator/runtime/resource-type.ts";
import { minimalSpec } from "../operator/deployment/support/world.ts";
import {
  type Block,
  blocksIn,
  type Command,
  commandsIn,
  commandsOf,
  type PageName,
  patternOf,
  readPage,
} from "./blocks.ts";
import { elsewhereOf } from "./elsewhere.ts";
import { type Ended, openStage, type Stage } from "./stage.ts";

/** What is around a command of a page. */
export type Part = {
  /** What the page takes for granted before it. */
  readonly before?: (stage: Stage) => Promise<unknown>;
  /** What has come of it. */
  readonly after?: (stage: Stage, ended: Ended) => Promise<unknown> | unknown;
  /** Variables of this command alone. */
  readonly env?: (stage: Stage) => Promise<Readonly<Record<string, string>>>;
  /** The command as it has to be here, where it cannot be the page's. */
  readonly here?: (command: string) => string;
  /** Its exit code. Default 0. */
  readonly code?: number;
  /** Lines of the page's output that no control plane without nodes can show. */
  readonly withoutNodes?: RegExp;
};

export type Scene = {
  readonly page: PageName;
  /** What is there before the first command. */
  readonly given: (stage: Stage) => Promise<unknown>;
  /** By a part of the command's name, "HEADING › COMMAND". A command that is not here is run, and has to succeed. */
  readonly parts: Readonly<Record<string, Part>>;
  /** Further tests at the end, with what is there then. */
  readonly afterwards?: (stage: () => Stage) => void;
};

/** Runs every command of a page, in its order, and asks the API server what it says to every example. */
export function perform(scene: Scene): void {
  describe(`docs/${scene.page}.md`, () => {
    let stage: Stage;
    beforeAll(async () => {
      stage = await openStage(scene.page);
      await scene.given(stage);
    });
    afterAll(() => stage?.close());
    for (const block of blocksIn(readPage(scene.page))) {
      if (block.language === "yaml")
        test(`${block.heading} › the example in line ${block.line}`, () => accepted(stage, block));
      for (const command of commandsOf(block)) {
        if (elsewhereOf(scene.page, command.name)) continue;
        test(command.name, () => runs(stage, command, partOf(scene, command)));
      }
    }
    test("each part of its scene is one command", () => {
      const names = commandsIn(scene.page).map(({ name }) => name);
      const found = Object.keys(scene.parts).map((part) => [part, names.filter((name) => name.includes(part)).length]);
      expect(found).toEqual(Object.keys(scene.parts).map((part) => [part, 1]));
    });
    scene.afterwards?.(() => stage);
  });
}

const partOf = ({ parts }: Scene, { name }: Command): Part =>
  Object.entries(parts).find(([words]) => name.includes(words))?.[1] ?? {};

async function runs(stage: Stage, command: Command, part: Part): Promise<void> {
  await part.before?.(stage);
  const ended = await stage.run(part.here?.(command.text) ?? command.text, await part.env?.(stage));
  expect(ended, ended.output).toMatchObject({ code: part.code ?? 0 });
  for (const line of command.shown) {
    if (!part.withoutNodes?.test(line)) expect(ended.output).toMatch(patternOf(stage.here(line)));
  }
  await part.after?.(stage, ended);
}

/** The documents of a block of YAML; of one that shows parts of a resource, the resource. */
function documentsOf(block: Pick<Block, "text">): KubernetesObject[] {
  return (loadAll(block.text) as Partial<KubernetesObject & { spec: object }>[]).map((document) => ({
    apiVersion: "cctelegram.io/v1alpha1",
    kind: "CCTelegramDeployment",
    ...document,
    metadata: { ...document.metadata, name: document.metadata?.name ?? "example" },
    spec: document.kind === "CCTelegramBackup" ? document.spec : { telegram: minimalSpec.telegram, ...document.spec },
  }));
}

/** The YAML of a page that holds this text. */
export function exampleIn(page: PageName, part: string): KubernetesObject & { readonly spec: Record<string, unknown> } {
  const block = blocksIn(readPage(page)).find(({ language, text }) => language === "yaml" && text.includes(part));
  const [document] = block ? documentsOf(block) : [];
  if (!document) throw new Error(`docs/${page}.md has no YAML with ${part}`);
  return document as KubernetesObject & { readonly spec: Record<string, unknown> };
}

/** The API server would take it, whole, also beside what has the same name. */
async function accepted(stage: Stage, block: Block): Promise<void> {
  const { client, namespace } = stage.world;
  const documents = documentsOf(block);
  expect(documents).not.toEqual([]);
  for (const { metadata, ...document } of documents) {
    const type = document.kind === "CCTelegramBackup" ? types.cctelegramBackups : types.cctelegramDeployments;
    const name = `example-${block.line}`;
    const stored = await client.request({
      method: "PATCH",
      path: resourcePath(type, { namespace, name }),
      query: { dryRun: "All", fieldManager: "docs", fieldValidation: "Strict" },
      contentType: "application/apply-patch+yaml",
      body: { ...document, metadata: { ...metadata, name, namespace } },
    });
    expect(stored).toMatchObject({ kind: document.kind, metadata: { name } });
  }
}
