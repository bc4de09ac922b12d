import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { publicNames } from "../../../../operator/deployment/exposure/public-names.ts";

type Reply = { readonly code?: number; readonly a?: readonly number[] };

/** A DNS server that answers every question in one way, or not at all. */
async function nameServer(reply: Reply | undefined) {
  const socket = createSocket("udp4");
  const asked: string[] = [];
  socket.on("message", (query, from) => {
    const question = query.subarray(12, query.indexOf(0, 12) + 5);
    asked.push(
      question
        .subarray(0, -5)
        .toString("latin1")
        .replaceAll(/[^a-z]/g, "."),
    );
    if (!reply) return;
    const isA = question.readUInt16BE(question.length - 4) === 1;
    const addresses = isA && reply.a ? [reply.a] : [];
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8180 + (reply.code ?? 0), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(addresses.length, 6);
    const records = addresses.map((address) => Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address]));
    socket.send(Buffer.concat([header, question, ...records]), from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  onTestFinished(() => void socket.close());
  return { names: publicNames([`127.0.0.1:${(socket.address() as AddressInfo).port}`]), asked };
}

test("the addresses of a name are found, and it is asked as it is", async () => {
  const { names, asked } = await nameServer({ a: [203, 0, 113, 9] });
  expect(await names("mcp.example.com")).toEqual(["203.0.113.9"]);
  expect(new Set(asked)).toEqual(new Set([".mcp.example.com"]));
});

test.each([
  ["does not exist", { code: 3 }],
  ["has no address", {}],
])("a name that %s is not found", async (_what, reply) => {
  const { names } = await nameServer(reply);
  await expect(names("mcp.example.com")).rejects.toMatchObject({ code: "ENOTFOUND" });
});

test("a server that fails, or says nothing, is no answer about the name", async () => {
  const failing = await nameServer({ code: 2 });
  await expect(failing.names("mcp.example.com")).rejects.toMatchObject({ code: "ESERVFAIL" });
  const silent = await nameServer(undefined);
  await expect(silent.names("mcp.example.com")).rejects.toMatchObject({ code: "ETIMEOUT" });
});
