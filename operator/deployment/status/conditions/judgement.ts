import type { Condition } from "../../../api/status.ts";
import type { Snapshot } from "../../snapshot.ts";

/** The new content of a condition; undefined when it cannot be judged yet, so that it stays as it is. */
export type Judgement = Pick<Condition, "status" | "reason" | "message">;

export type Judge = (snapshot: Snapshot) => Judgement | undefined;

export const holds = (reason: string, message: string): Judgement => ({ status: "True", reason, message });
export const fails = (reason: string, message: string): Judgement => ({ status: "False", reason, message });
export const unknown = (reason: string, message: string): Judgement => ({ status: "Unknown", reason, message });
