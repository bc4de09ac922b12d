import { describe, expect, test } from "vitest";
import { configurationFor, programs, withoutServer, withServer } from "../../plugin/configuration/programs.ts";

const server = { url: "http://127.0.0.1:4000/mcp", key: "k".repeat(64) };
const headers = { "X-API-Key": server.key };
const textOf = (edit: ReturnType<typeof withServer>) => ("text" in edit ? edit.text : edit.problem);

test("Claude and Cursor read mcpServers, VS Code reads servers", () => {
  const entry = { cctelegram: { type: "http", url: server.url, headers } };
  expect(programs.map((program) => configurationFor(program, server.url, server.key))).toEqual([
    { mcpServers: entry },
    { mcpServers: entry },
    { servers: entry },
  ]);
});

describe.each(programs)("the file of %s", (program) => {
  test("is made when there is none, and gone afterwards", () => {
    const written = textOf(withServer(program, undefined, server));
    expect(JSON.parse(written)).toEqual(configurationFor(program, server.url, server.key));
    expect(withoutServer(program, written, server.url)).toBeUndefined();
  });

  test("keeps what else is in it", () => {
    const [name = ""] = Object.keys(configurationFor(program, "", ""));
    const before = JSON.stringify({ inputs: [1], [name]: { other: { command: "x" } } });
    const written = textOf(withServer(program, before, server));
    expect(JSON.parse(written)[name]).toMatchObject({ other: { command: "x" }, cctelegram: { url: server.url } });
    expect(JSON.parse(withoutServer(program, written, server.url)!)).toEqual(JSON.parse(before));
  });

  test("is left alone when somebody else's server has our name, or it is no JSON object", () => {
    const [name = ""] = Object.keys(configurationFor(program, "", ""));
    const theirs = JSON.stringify({ [name]: { cctelegram: { url: "https://mcp.example.com/mcp" } } });
    expect(withServer(program, theirs, server)).toEqual({ problem: "taken" });
    expect(withServer(program, "{ // comment\n}", server)).toEqual({ problem: "malformed" });
    expect(withServer(program, "[]", server)).toEqual({ problem: "malformed" });
    expect(withoutServer(program, theirs, server.url)).toBe(theirs);
  });

  test("an entry of an earlier connection is replaced", () => {
    const earlier = textOf(withServer(program, undefined, { ...server, url: "http://127.0.0.1:3999/mcp" }));
    expect(textOf(withServer(program, earlier, server))).toContain(":4000/mcp");
  });
});
