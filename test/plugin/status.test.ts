import { describe, expect, test } from "vitest";
import type { KubernetesObject } from "../../operator/runtime/kubernetes-object.ts";
import type { Resource } from "../../plugin/cluster/resources.ts";
import { statusText } from "../../plugin/rendering/status.ts";
import { statusView } from "../../plugin/rendering/status-view.ts";
import { coloured, plain } from "../../plugin/terminal/style.ts";

const now = Date.parse("2026-01-01T01:00:00Z");

type Given = readonly [type: string, status: "True" | "False" | "Unknown", reason: string, message: string];

const resource = (conditions: readonly Given[], status: object = {}): Resource => ({
  metadata: { namespace: "cctelegram", name: "team", generation: 2 },
  spec: {},
  status: {
    observedGeneration: 2,
    conditions: conditions.map(([type, value, reason, message]) => ({
      type,
      status: value,
      reason,
      message,
      lastTransitionTime: "2026-01-01T00:00:00.000Z",
    })),
    ...status,
  },
});

const pod = (name: string, component: string, status: object): KubernetesObject => ({
  metadata: {
    name,
    creationTimestamp: "2026-01-01T00:58:00Z",
    labels: { "app.kubernetes.io/component": component },
  },
  spec: { nodeName: "one", containers: [{ name: "server", image: "x:1" }] },
  status,
});

const running = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
const crashing = {
  phase: "Running",
  containerStatuses: [
    {
      name: "server",
      image: "x:1",
      ready: false,
      restartCount: 4,
      lastState: { terminated: { exitCode: 78 } },
    },
  ],
};

const well: readonly Given[] = [
  ["Ready", "True", "Ready", "clients can connect and messages arrive"],
  ["ServerAvailable", "True", "Available", "1 of 1 ready"],
  ["BridgeAvailable", "True", "Available", "1 of 1 ready"],
  ["TelegramReachable", "True", "Reachable", "Telegram answers"],
  ["Stalled", "False", "NoObstacles", "nothing holds the operator up"],
  ["Degraded", "False", "NoProblems", "nothing is known to be wrong"],
];

const text = (view: ReturnType<typeof statusView>, wide = false) => statusText([view], { style: plain, now, wide });

describe("the tree of a resource", () => {
  test("says in one line each that parts and pods are well", () => {
    const pods = [pod("team-mcp-server-1", "mcp-server", running), pod("team-bridge-0", "bridge", running)];
    const view = statusView(resource(well, { servers: "1/1", bridge: "1/1", queue: 0 }), pods);
    expect(text(view).split("\n")).toEqual([
      "✓ team in cctelegram: Ready: clients can connect and messages arrive",
      "├─ ✓ MCP server: 1/1 ready",
      "│  └─ ✓ pod team-mcp-server-1: ready, age 2m",
      "├─ ✓ bridge: 1/1 ready, fewer than ten messages wait",
      "│  └─ ✓ pod team-bridge-0: ready, age 2m",
      "└─ ✓ Telegram: Telegram answers",
    ]);
  });

  test("has first why it is not ready and what to do, each cause once, and the pod that is in trouble", () => {
    const crash = "MCP server: the container server exits with code 78: see kubectl logs --previous -c server";
    const conditions: readonly Given[] = [
      ["Ready", "False", "CrashLooping", crash],
      ["ServerAvailable", "False", "CrashLooping", crash],
      ["BridgeAvailable", "True", "Available", "1 of 1 ready"],
      ["Delivering", "False", "RecipientsRefuse", "chat 7 has blocked the bot: ask the person to unblock it"],
      ["Progressing", "True", "RollingOut", "pods are being created"],
      ["Degraded", "True", "CrashLooping", `${crash}; more`],
    ];
    const shown = text(
      statusView(resource(conditions, { servers: "0/1" }), [pod("team-mcp-server-1", "mcp-server", crashing)]),
    );
    expect(shown.split("\n").slice(0, 4)).toEqual([
      "✗ team in cctelegram: not Ready: CrashLooping",
      "├─ why",
      `│  └─ CrashLooping: ${crash}`,
      "│     └─ RecipientsRefuse: chat 7 has blocked the bot: ask the person to unblock it",
    ]);
    expect(shown).toContain("✗ pod team-mcp-server-1: Running, age 2m, 4 restarts");
    expect(shown.split("blocked the bot")).toHaveLength(2);
  });

  test("has the operator's chains by their parts, each cause under what is seen of it", () => {
    const missing = "Secret telegram does not exist: kubectl create secret";
    const conditions: readonly Given[] = [
      ["Ready", "False", "BotTokenSecretNotFound", missing],
      ["BridgeAvailable", "False", "NotCreated", "the StatefulSet does not exist"],
      ["Degraded", "True", "BotTokenSecretNotFound", missing],
      ["Exposed", "False", "NoAddress", "the Ingress has no address yet"],
    ];
    const causes = [
      { part: "bridge", reason: "NotCreated", message: "messages do not arrive: there is no StatefulSet" },
      { part: "bridge", reason: "BotTokenSecretNotFound", message: missing },
    ];
    const view = statusView(resource(conditions, { causes }), []);
    expect(text(view).split("\n").slice(0, 5)).toEqual([
      "✗ team in cctelegram: not Ready: BotTokenSecretNotFound",
      "├─ why",
      "│  ├─ bridge",
      "│  │  └─ NotCreated: messages do not arrive: there is no StatefulSet",
      `│  │     └─ BotTokenSecretNotFound: ${missing}`,
    ]);
    expect(text(view)).toContain("│  └─ NoAddress: the Ingress has no address yet");
    expect(text(view).split("NotCreated")).toHaveLength(3);
    expect(text(view)).not.toContain("the StatefulSet does not exist");
  });

  test("does not call wrong what somebody asked for", () => {
    const asleep = "activity is Hibernated: set it to Active to wake them";
    const conditions: readonly Given[] = [
      ["Ready", "False", "Hibernated", asleep],
      ["ServerAvailable", "False", "Hibernated", asleep],
      ["BridgeAvailable", "False", "Hibernated", asleep],
      ["Verified", "False", "ServerNotReady", "no MCP server pod is ready to answer a handshake"],
      ["TelegramReachable", "Unknown", "BridgeNotRunning", "there is no bridge to ask"],
      ["Delivering", "Unknown", "BridgeNotRunning", "there is no bridge to ask"],
      ["Hibernated", "True", "Hibernated", asleep],
    ];
    const shown = text(statusView(resource(conditions, { servers: "0/0", bridge: "0/0" }), []));
    expect(shown.split("\n")).toEqual([
      "… team in cctelegram: not Ready: Hibernated",
      "├─ why",
      `│  └─ Hibernated: ${asleep}`,
      "├─ … MCP server: 0/0 ready",
      "├─ … bridge: 0/0 ready, queue not known",
      "└─ … Telegram: there is no bridge to ask",
    ]);
    expect(shown).not.toContain("✗");
    expect(shown.split(asleep)).toHaveLength(2);
  });

  test("says of one that no operator has seen, or whose change it has not seen, that it waits", () => {
    const unseen: Resource = {
      metadata: { namespace: "a", name: "b", generation: 1 },
      spec: {},
      status: { observedGeneration: -1 },
    };
    expect(statusView(unseen, [])).toMatchObject({ state: "waiting", summary: /operator has not looked/ });
    expect(statusView(resource(well, { observedGeneration: 1 }), [])).toMatchObject({ state: "waiting" });
  });

  test("tells of conditions that this version does not know", () => {
    const view = statusView(
      resource([...well, ["SecretsCurrent", "False", "Expiring", "the key of ci ends tomorrow"]]),
      [],
    );
    expect(view.parts.at(-1)).toMatchObject({ name: "operation", state: "bad", causes: [{ reason: "Expiring" }] });
  });

  test("tells which revision is being rolled out, and what it waits for", () => {
    const revisions = [{ revision: 4, outcome: "Previewing", message: "it waits for its promotion" }];
    const view = statusView(resource(well, { rollout: { revision: 3, target: 4, revisions } }), []);
    expect(text(view)).toContain("… rollout: revision 4 after 3: Previewing, it waits for its promotion");
    expect(
      statusView(resource(well, { rollout: { revision: 4, revisions: [] } }), []).parts.map(({ name }) => name),
    ).not.toContain("rollout");
  });

  test("a message cannot steer the terminal", () => {
    const evil = "\u001b[2Jgone\u202e";
    const shown = statusText([statusView(resource([["Ready", "False", "Bad", evil]]), [])], {
      style: coloured,
      now,
      wide: true,
    });
    expect(shown).toContain("Bad");
    expect(shown).not.toContain("\u001b[2J");
    expect(shown).not.toContain("\u202e");
  });

  test("has nodes and images when it is wide", () => {
    const view = statusView(resource(well, { url: "http://x/mcp" }), [pod("team-bridge-0", "bridge", running)]);
    expect(text(view, true)).toContain("on one");
    expect(text(view, true)).toContain("url http://x/mcp");
  });
});
