import { expect, test } from "vitest";
import { welcome } from "../../server/roles/first-key.ts";

const file = { path: "/data/api-keys.json", made: "a-key-that-was-made-just-now" };

test("a new key is told to a terminal only, with a configuration that a client takes", () => {
  const shown = welcome("http://127.0.0.1:8080", file, true);
  expect(JSON.parse(shown.slice(shown.indexOf("{")))).toEqual({
    mcpServers: {
      cctelegram: { type: "http", url: "http://127.0.0.1:8080/mcp", headers: { "X-API-Key": file.made } },
    },
  });
  const logged = welcome("http://127.0.0.1:8080", file, false);
  expect(logged).not.toContain(file.made);
  expect(logged).toContain(file.path);
});
