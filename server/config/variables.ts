import type { z } from "zod";
import type { Variable } from "../../config/variable.ts";
import type { PodVariable, VariableOf } from "../../contract/pod-variables.ts";
import { bridgeVariables } from "./variables/bridge.ts";
import { processVariables } from "./variables/process.ts";
import { serverVariables } from "./variables/server.ts";

export { type Alias, type Role, roles, type Variable } from "../../config/variable.ts";

/** Every environment variable of the image. Configuration, `--help` and the reference in docs derive from this table. */
export const variables = Object.freeze({
  ...processVariables,
  ...serverVariables,
  ...bridgeVariables,
}) satisfies Readonly<Record<VariableOf<PodVariable>, Variable>>;

export type VariableName = keyof typeof variables;

type SchemaOf<Name extends VariableName> = (typeof variables)[Name]["schema"];

/** Values of the variables; one that is not set, or not of the role, is undefined. */
export type Values = { readonly [Name in VariableName]: z.output<SchemaOf<Name>> | undefined };
