import type { TestProject } from "vitest/node";
import { progress } from "../../machine/progress.mjs";
import { findBrowser } from "./browser.ts";
import { npmClients } from "./npm-clients.ts";
import { type PythonEnvironment, pythonEnvironment } from "./python-environment.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Folder `node_modules` with the clients from npm. */
    readonly npmClients: string;
    readonly python: PythonEnvironment;
    readonly schemathesis: PythonEnvironment;
    readonly seaweedfs: PythonEnvironment;
    /** A Chromium; null where there is none. */
    readonly browser: string | null;
  }
}

/** Installs the clients by others; after the first time they come from the cache, and nothing needs a network. */
export default async function setup(project: TestProject): Promise<void> {
  project.provide("npmClients", await npmClients());
  const python = await pythonEnvironment({ folder: "python", name: "clients from PyPI" });
  if ("obstacle" in python) progress.note(`skipped: the clients in Python, because there is ${python.obstacle}`);
  project.provide("python", python);
  const schemathesis = await pythonEnvironment({ folder: "schemathesis", name: "Schemathesis from PyPI" });
  if ("obstacle" in schemathesis) progress.note(`skipped: Schemathesis, because there is ${schemathesis.obstacle}`);
  project.provide("schemathesis", schemathesis);
  const seaweedfs = await pythonEnvironment({ folder: "seaweedfs", name: "SeaweedFS from PyPI" });
  if ("obstacle" in seaweedfs) progress.note(`skipped: SeaweedFS, because there is ${seaweedfs.obstacle}`);
  project.provide("seaweedfs", seaweedfs);
  const browser = findBrowser();
  if (browser === undefined) progress.note("skipped: the pages in a browser, because there is no Chromium");
  project.provide("browser", browser ?? null);
}
