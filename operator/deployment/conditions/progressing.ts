import type { WorkloadState } from "../reduced.ts";
import { fails, holds, type Judge } from "./judgement.ts";

/** Pods are being created or replaced. */
export const progressing: Judge = ({ server, bridge }) => {
  const moving = [unsettled(server) ? "MCP server" : "", unsettled(bridge) ? "bridge" : ""].filter(Boolean);
  return moving.length === 0
    ? fails("Settled", "no pod is being created or replaced")
    : holds("RollingOut", `pods are being created or replaced: ${moving.join(", ")}`);
};

const unsettled = (workload: WorkloadState | undefined) =>
  workload !== undefined &&
  !(
    workload.observed &&
    workload.updated === workload.replicas &&
    workload.current === workload.replicas &&
    workload.ready === workload.replicas
  );
