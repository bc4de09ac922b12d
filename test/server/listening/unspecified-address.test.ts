import { createServer } from "node:net";
import { expect, test } from "vitest";
import { bindable } from "../../../server/listening/unspecified-address.ts";
import { rawConnection } from "../support/raw-http.ts";

function refusing(code: string) {
  return () => Promise.reject(Object.assign(new Error(`listen ${code}`), { code }));
}

test("the unspecified address of IPv6 is taken where there is IPv6, otherwise that of IPv4", async () => {
  expect(await bindable("::", async () => {})).toBe("::");
  expect(await bindable("::", refusing("EAFNOSUPPORT"))).toBe("0.0.0.0");
  await expect(bindable("::", refusing("EACCES"))).rejects.toThrow("EACCES");
});

test("any other address stays as it is", async () => {
  for (const host of ["0.0.0.0", "127.0.0.1", "::1", "localhost"]) {
    expect(await bindable(host, refusing("EAFNOSUPPORT"))).toBe(host);
  }
});

test("what it answers can be listened on, and IPv4 reaches it", async () => {
  const server = createServer((socket) => socket.end("hello"));
  const host = await bindable("::");
  await new Promise<void>((resolve) => server.listen({ host, port: 0 }, resolve));
  const { port } = server.address() as { port: number };

  const connection = await rawConnection(`http://127.0.0.1:${port}`);
  await connection.received("hello");
  connection.socket.destroy();
  server.close();
});
