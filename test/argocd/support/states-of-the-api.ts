import { onTestFinished } from "vitest";
import * as types from "../../../operator/deployment/resource-types.ts";
import type { ResourceType } from "../../../operator/runtime/resource-type.ts";
import { disturbedClient } from "../../operator/deployment/support/disturbed-client.ts";
import { createResource, createToken, eventually, untilCondition } from "../../operator/deployment/support/steps.ts";
import type { World } from "../../operator/deployment/support/world.ts";
import type { State } from "./states.ts";
