import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { afterEach, describe, expect, test } from "vitest";
import { mayBeDialled } from "../../../../operator/deployment/exposure/dialled-address.ts";
import { guardedGet, NotCalledError } from "../../../../operator/deployment/image/guarded-get.ts";
import { Authority } from "../support/certificates.ts";

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listening(server: Server): Promise<string> {
  servers.push(server.listen(0, "127.0.0.1"));
  await once(server, "listening");
  return `127.0.0.1:${(server.address() as { port: number }).port}`;
}

const answering = (listener: RequestListener) => listening(createServer(listener));

const getting = (plainHosts: readonly string[], addresses: readonly string[] = []) =>
  guardedGet({
    lookup: async () => addresses,
    mayDial: (address) => mayBeDialled(address, ["10.0.0.1"]),
    plainHosts,
    timeoutMs: 2_000,
  });

describe("an address that an author or a registry names", () => {
  test.each([
    "https://127.0.0.1/v2/",
    "https://[::1]/v2/",
    "https://169.254.169.254/v2/",
    "https://10.0.0.1/v2/",
    "http://registry.example.com/v2/",
    "file:///etc/passwd",
  ])("%s is not called", async (url) => {
    await expect(async () => getting([])(new URL(url), { longest: 10 })).rejects.toThrow(NotCalledError);
  });

  test.each([["127.0.0.1"], ["169.254.169.254"], ["::1"], ["10.0.0.1"]])(
    "that leads to %s is not called",
    async (address) => {
      const failed = getting([], [address])(new URL("https://registry.example.com/v2/"), { longest: 10 });
      await expect(failed).rejects.toThrow(NotCalledError);
    },
  );

  test("is called over TLS only with a certificate for its name", async () => {
    const authority = new Authority();
    let called = false;
    const host = await listening(
      createSecureServer(authority.issue({ name: "registry.example.com" }), () => {
        called = true;
      }),
    );
    const get = guardedGet({ lookup: async () => ["127.0.0.1"], mayDial: () => true, plainHosts: [] });
    const url = new URL(`https://registry.example.com:${host.split(":")[1]}/v2/`);
    await expect(get(url, { longest: 10 })).rejects.toThrow(/certificate/);
    expect(called).toBe(false);
    authority.dispose();
  });
});

describe("an answer", () => {
  test("that is longer than it may be is cut off", async () => {
    const host = await answering((_, response) => response.end("x".repeat(100)));
    const get = getting([host]);
    expect((await get(new URL(`http://${host}/`), { longest: 100 })).body.length).toBe(100);
    await expect(get(new URL(`http://${host}/`), { longest: 99 })).rejects.toThrow("longer than 99 bytes");
  });

  test("that does not come is not waited for", async () => {
    const host = await answering(() => undefined);
    await expect(getting([host])(new URL(`http://${host}/`), { longest: 10 })).rejects.toThrow("no answer within");
  });

  test("that breaks off is none", async () => {
    const host = await answering((_, response) => {
      response.writeHead(200, { "content-length": "100" }).write("x");
      response.socket?.end();
    });
    await expect(getting([host])(new URL(`http://${host}/`), { longest: 100 })).rejects.toThrow();
  });
});

describe("a redirect", () => {
  test("to another host is followed without the credentials", async () => {
    const told: (string | undefined)[] = [];
    const other = await answering(({ headers }, response) => {
      told.push(headers.authorization);
      response.end("blob");
    });
    const host = await answering(({ url, headers }, response) => {
      told.push(headers.authorization);
      response.writeHead(307, { location: url === "/own" ? "/elsewhere" : `http://${other}/blob` }).end();
    });
    const headers = { authorization: "Basic c2VjcmV0" };
    const answer = await getting([host, other])(new URL(`http://${host}/own`), { headers, longest: 10 });
    expect(answer.body.toString()).toBe("blob");
    expect(told).toEqual([headers.authorization, headers.authorization, undefined]);
  });

  test("to an address that is not called is not followed", async () => {
    const hidden = await answering((_, response) => response.end("metadata"));
    const host = await answering((_, response) => response.writeHead(302, { location: `http://${hidden}/` }).end());
    await expect(getting([host])(new URL(`http://${host}/`), { longest: 10 })).rejects.toThrow(NotCalledError);
  });

  test("without an end is given up", async () => {
    const host = await answering((_, response) => response.writeHead(302, { location: "/" }).end());
    await expect(getting([host])(new URL(`http://${host}/`), { longest: 10 })).rejects.toThrow("redirects");
  });
});
