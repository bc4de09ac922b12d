import { setTimeout as sleep } from "node:timers/promises";
import { type Controlled, controlledSchema } from "../../contract/control.ts";
import { ServerError } from "../../contract/errors.ts";
import { routes } from "../../contract/routes.ts";
import type { Control } from "../bridge/control/control.ts";
import type { BridgeCall } from "./bridge-calls.ts";

/** What stops and resumes delivery. Its methods throw only errors of the catalogue. */
export type ControlClient = {
  /** Whether delivery is stopped. */
  state(): Promise<Controlled>;
  /** Resolves when it is on disk that delivery is stopped. */
  pause(client: string): Promise<Controlled>;
  /** Resolves when delivery goes on. */
  resume(client: string): Promise<Controlled>;
  /** Resolves when another bridge has taken the place of the one that answered. */
  restart(client: string): Promise<Controlled>;
};

/** The three requests of a restart's two steps, and the rest. */
type ControlSource = Omit<ControlClient, "restart"> & {
  end(client: string, instance: string): Promise<Controlled>;
};

const betweenLooksMs = 250;

/** The routes of a bridge elsewhere; a restart is waited for until the deadline. */
export function httpControl(call: <T>(request: BridgeCall<T>) => Promise<T>, timeoutMs: number): ControlClient {
  const post = (path: string, body: object) =>
    call({ method: "POST", path, body: JSON.stringify(body), schema: controlledSchema });
  return controlOver(
    {
      state: () => call({ method: "GET", path: routes.control, body: "", schema: controlledSchema }),
      pause: (client) => post(routes.pauseDelivery, { client }),
      resume: (client) => post(routes.resumeDelivery, { client }),
      end: (client, instance) => post(routes.restartBridge, { client, instance }),
    },
    timeoutMs,
  );
}

/** A bridge in the same process, which another one may take the place of. */
export function localControl(
  refusing: <T>(ask: () => T | Promise<T>) => Promise<T>,
  control: () => Pick<Control, "state" | "pause" | "resume" | "restart">,
  timeoutMs: number,
): ControlClient {
  return controlOver(
    {
      state: () => refusing(() => control().state()),
      pause: (client) => refusing(() => control().pause(client)),
      resume: (client) => refusing(() => control().resume(client)),
      end: (client, instance) => refusing(() => control().restart(client, instance)),
    },
    timeoutMs,
  );
}

function controlOver({ end, ...source }: ControlSource, timeoutMs: number): ControlClient {
  return {
    ...source,
    async restart(client) {
      const deadline = performance.now() + timeoutMs;
      const { instance } = await source.state();
      await end(client, instance);
      for (;;) {
        const now = await source.state();
        if (now.instance !== instance) return { ...now, changed: true };
        if (performance.now() >= deadline) throw new ServerError("BRIDGE_UNAVAILABLE", { reason: stillThere });
        await sleep(betweenLooksMs);
      }
    },
  };
}

const stillThere = "it was asked to restart, and has not ended yet";
