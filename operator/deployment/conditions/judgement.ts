import type { Condition } from "../../api/status.ts";
import type { Snapshot } from "../snapshot.ts";

/** What a condition says now; undefined when it cannot be judged yet, so that the last word stands. */
export type Judgement = Pick<Condition, "status" | "reason" | "message">;

export type Judge = (snapshot: Snapshot) => Judgement | undefined;

export const holds = (reason: string, message: string): Judgement => ({ status: "True", reason, message });
export const fails = (reason: string, message: string): Judgement => ({ status: "False", reason, message });
export const unknown = (reason: string, message: string): Judgement => ({ status: "Unknown", reason, message });
