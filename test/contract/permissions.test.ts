import { expect, test } from "vitest";
import { groupOf, permissionForm, toolGroups } from "../../contract/permissions.ts";
import { permits, permitsReading } from "../../server/access/client.ts";
import { resources, resourceTemplates } from "../../server/resources/registry.ts";
import { tools } from "../../server/tools/registry.ts";

test("each tool is in one group, and each group has tools that there are", () => {
  const grouped = Object.values(toolGroups).flat();
  expect([...grouped].toSorted()).toEqual([...tools.keys()].toSorted());
});

test("whatever may be permitted has the form that the resource checks, and nothing else has it", () => {
  const names = [...tools.keys(), ...Object.keys(toolGroups).map((name) => `group:${name}`), "*", "resource:*"];
  for (const { name } of [...resources, ...resourceTemplates]) names.push(`resource:${name}`);
  for (const name of names) expect(name).toMatch(permissionForm);
  for (const name of [
    "",
    "**",
    "group:",
    "group:*",
    "resource:",
    "Send",
    "send-event",
    "tool:x",
    "group:a b",
    "send\n",
  ]) {
    expect(name).not.toMatch(permissionForm);
  }
});

const may = (...permissions: string[]) => ({ permissions: new Set(permissions) });

test("the permission of a group is that of each tool in it, and of no other", () => {
  for (const name of tools.keys()) {
    expect(permits(may("group:sending"), name), name).toBe(groupOf(name) === "group:sending");
    expect(permits(may("*"), name)).toBe(true);
    expect(permits(may("resource:*", "group:"), name)).toBe(false);
  }
  expect(permits(may("group:sending", "group:bans"), "read_all_approvals")).toBe(false);
});

test("a resource is read with its tool's permission, its group's, or its own; a key that only sends reads no answers", () => {
  const responses = { name: "responses", permission: "get_telegram_responses" };
  for (const permission of ["get_telegram_responses", "group:responses", "resource:responses", "resource:*", "*"]) {
    expect(permitsReading(may(permission), responses), permission).toBe(true);
  }
  for (const permission of ["group:sending", "send_telegram_message", "resource:bridge-status", "responses"]) {
    expect(permitsReading(may(permission), responses), permission).toBe(false);
  }
  expect(permitsReading(may(), { name: "event-types" })).toBe(true);
});
