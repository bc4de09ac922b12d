import { describe, expect, test } from "vitest";
import { closeCodes } from "../../server/mcp/transports/web-socket/close-codes.ts";
import { deliveredTexts, kubectl, podsOf } from "../environment.ts";
import { callTool, connectClient } from "../mcp.ts";
import { startTraffic } from "../traffic.ts";
import { origin } from "./caller.ts";
import { killProxy, startProxy } from "./proxy.ts";
import type { Stage } from "./stage.ts";

/** What clients notice when a part fails or is replaced. */
export function failureBehaviours(stage: Stage): void {
  describe("under traffic", () => {
    test("a pod is replaced: no call fails, and a WebSocket is told to connect again", async () => {
      const { installation, proxy } = stage.setting();
      const { namespace, resource, key } = installation;
      const [before] = await podsOf(namespace, resource, "mcp-server");
      const traffic = startTraffic(`${origin}/mcp`, key, `${proxy.name} in front`, stage.visitor().fetch);
      await traffic.progress(5);
      const visitor = stage.visitor();
      const { ask, closed } = await visitor.webSocket({ key });
      expect(await ask("ping")).toMatchObject({ result: {} });
      await kubectl(["-n", namespace, "rollout", "restart", `deployment/${resource}-mcp-server`]);
      await kubectl(["-n", namespace, "rollout", "status", `deployment/${resource}-mcp-server`, "--timeout=2m"]);
      await kubectl(["-n", namespace, "wait", "--for=delete", `pod/${before?.metadata.name}`, "--timeout=1m"]);
      expect(await closed).toEqual({ code: closeCodes.restart.code, reason: closeCodes.restart.reason });
      const again = await visitor.webSocket({ key });
      expect(await again.ask("ping")).toMatchObject({ result: {} });
      again.socket.terminate();
      await traffic.progress(5);
      await traffic.stop();
      const [after] = await podsOf(namespace, resource, "mcp-server");
      expect(after?.metadata.uid).not.toBe(before?.metadata.uid);
      expect(traffic.failures).toEqual([]);
      expect(new Set(traffic.acknowledged).size).toBe(traffic.acknowledged.length);
    });

    test("the proxy is killed, and the client goes on after its restart", async () => {
      const { machine, proxy, installation } = stage.setting();
      const visitor = stage.visitor();
      const client = await connectClient(`${origin}/mcp`, installation.key, visitor.fetch);
      await callTool(client, "get_bridge_status", {});
      await killProxy(machine, proxy);
      await expect(callTool(client, "get_bridge_status", {})).rejects.toThrow();
      await startProxy(machine, proxy, installation.service);
      const message = `${proxy.name} is back`;
      expect(await callTool(client, "send_telegram_message", { message })).toMatchObject({ success: true });
      await client.close();
      await expect.poll(deliveredTexts).toContainEqual(expect.stringContaining(message));
    });
  });
}
