/** Figures of one measure, in the order of `rivals`; undefined where none was taken. */
export type Figures = readonly (number | undefined)[];

/**
 * Other operators for MCP servers, measured in the same way: Kubernetes 1.36.3 (etcd without fsync, no kubelet) on 2 cores,
 * each operator alone, built from source, outside the cluster, with its default flags.
 */
export const rivals = [
  "ToolHive 0.47.0",
  "kmcp 0.3.0",
  "mcp-lifecycle-operator",
  "mcp-operator 0.1.0-alpha.21",
] as const;

export const references: Readonly<Record<string, Figures>> = {
  "children per resource": [7, 4, 3, 3],
  "start to first reconcile": [0.57, 0.32, 0.4, 0.19],
  "one more resource to Deployment": [84, 9.3, 11.3, 29],
  "one more resource to Service": [165, 18, 24, 44],
  "foreign annotation: writes in 30 s": [8, 0, 2, 4],
  "rollout restart: writes in 30 s": [24, undefined, 7, 12],
  "Service deleted by hand: writes": [9, undefined, 3, 5],
  "100: all Deployments": [13.5, 6.2, 6.9, 10.8],
  "100: all children": [16.9, 6.3, 6.9, 10.9],
  "100: operator CPU until the children exist": [3, 0.75, 0.77, 1.4],
  "100: requests per resource until the children exist": [20.8, 5, 5, 11.4],
  "100: RSS": [83, 58, 58, 60],
  "0: RSS": [70, 49, 47, 47],
  "1000: all Deployments": [163, 100, 70, 119],
  "1000: all children": [208, 100, 70, 119],
  "1000: children per second": [34, 40, 43, 25],
  "1000: operator CPU until the children exist": [40, 9.8, 8.4, 14.5],
  "1000: requests per resource until the children exist": [20.8, 5, 5, 11.4],
  "1000: further requests per resource until ready": [9.3, 5.4, 2.2, 6.1],
  "1000: reconcile p50": [49, 69, 80, 21],
  "1000: reconcile p99": [186, 225, 168, 222],
  "1000: RSS": [155, 86, 86, 105],
  "1000: peak RSS": [157, 97, 101, 164],
  // Taken over 46 s with 1,000 resources.
  "1000: pending, writes per minute": [6968, 6074, 605, 5382],
  "1000: ready, writes per minute": [0, 0, 0, 0],
  "1000: operator restart: writes": [4080, 5100, 1020, 2040],
  "1000: operator restart: CPU": [44, 23, 11, 16],
  "1000: operator restart: time": [60, 98, 25, 18],
  "1000: deletion, resources gone": [76, 7, 7, 57],
  "1000: deletion, all gone": [76, 41, 35, 57],
};
