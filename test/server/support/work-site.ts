import { afterAll, beforeAll } from "vitest";
import type { ToolContext } from "../../../server/tools/tool.ts";
import { type FakeBridge, startFakeBridge } from "./fake-bridge.ts";
import { startServer, type TestServer } from "./server.ts";
import { workFeatures } from "./work-tool.ts";

/** A server with the tool `work` in front of a bridge, while there are tests that need it. */
class WorkSite {
  #bridge: FakeBridge | undefined;
  #server: TestServer | undefined;
  /** What the tool does from now on. */
  work: (context: ToolContext) => string | Promise<string> = () => "nothing to do";

  get bridge(): FakeBridge {
    return started(this.#bridge);
  }

  get server(): TestServer {
    return started(this.#server);
  }

  async open(env: Record<string, string>): Promise<void> {
    this.#bridge = await startFakeBridge();
    const features = workFeatures(async (context) => this.work(context));
    this.#server = await startServer(this.#bridge.url, { MCP_RATE_LIMIT_REQUESTS: "100000", ...env }, features);
  }

  async close(): Promise<void> {
    await this.#server?.close();
    await this.#bridge?.close();
  }
}

/** Opens a site before the tests of a file, or of a `describe`, and closes it after them. */
export function workSite(env: Record<string, string> = {}): WorkSite {
  const site = new WorkSite();
  beforeAll(() => site.open(env));
  afterAll(() => site.close());
  return site;
}

function started<Part>(part: Part | undefined): Part {
  if (part === undefined) throw new Error("the site is open in tests only");
  return part;
}
