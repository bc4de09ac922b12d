import type { CachedPod } from "../../../../operator/deployment/pods/pods.ts";

export const podOf = (uid: string, revision = "abc", fields: Partial<CachedPod> = {}): CachedPod => ({
  namespace: "tools",
  name: `team-mcp-server-${revision}-${uid}`,
  uid,
  resourceVersion: "1",
  instance: "team",
  component: "mcp-server",
  controller: `ReplicaSet/team-mcp-server-${revision}`,
  revision,
  createdAt: "2026-01-01T00:00:00Z",
  image: "server:1",
  ended: false,
  running: true,
  ready: true,
  trouble: undefined,
  ...fields,
});
