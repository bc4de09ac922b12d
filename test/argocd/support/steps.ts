import type { Condition } from "../../../operator/api/status.ts";
import { createResource, createToken, untilCondition, untilSettled } from "../../operator/deployment/support/steps.ts";
import type { World } from "../../operator/deployment/support/world.ts";

/** Ms that a state may take to come about: several come about at once, and the operator writes some changes a minute later. */
const patience = 120_000;

/** Waits for a condition of the resource "team". */
export const until = (world: World, type: string, wanted: Partial<Condition>) =>
  untilCondition(world, "team", type, wanted, patience);

/** Starts the operator and the kubelet, and creates the resource "team". */
export async function start(world: World, spec: object = {}): Promise<void> {
  await createToken(world);
  world.kubelet.start();
  await world.startOperator();
  await createResource(world, "team", spec);
}

/** A resource "team" without problems. */
export async function settle(world: World, spec: object = {}): Promise<void> {
  await start(world, spec);
  await untilSettled(world, "team", patience);
}
