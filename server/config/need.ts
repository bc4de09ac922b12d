import type { Role } from "../../contract/roles.ts";
import type { Values, VariableName } from "./variables.ts";

/** The value of a variable that has one by its rule: required, or with a default for the role. */
export type Need = <Name extends VariableName>(name: Name) => NonNullable<Values[Name]>;

export function needOf(values: Values, role: Role): Need {
  return (name) => {
    const value = values[name];
    if (value === undefined || value === null) throw new Error(`${name} has neither a value nor a default for ${role}`);
    return value;
  };
}
