import { connect } from "node:net";
import type { SecureVersion } from "node:tls";
import { describe, expect, test } from "vitest";
import { askHttp2, origin } from "./caller.ts";
import type { KeyKind } from "./machine.ts";
import type { Stage } from "./stage.ts";

/** TLS with the certificate that the machine has now. */
export function tlsBehaviours(stage: Stage, kind: KeyKind): void {
  test.each([
    ["TLSv1.2", new RegExp(`^ECDHE-${kind}-(AES(128|256)-GCM|CHACHA20-POLY1305)`)],
    ["TLSv1.3", /^TLS_/],
  ] as const)(`%s is spoken, with a certificate for ${kind}`, async (version, ciphers) => {
    const socket = await stage.visitor().open({ minVersion: version, maxVersion: version });
    expect(socket.getProtocol()).toBe(version);
    expect(socket.getCipher().name).toMatch(ciphers);
    socket.destroy();
  });
}

/** What the connection is made of: TLS, HTTP, headers. */
export function transportBehaviours(stage: Stage): void {
  describe("TLS", () => {
    tlsBehaviours(stage, "ECDSA");

    test.each<SecureVersion>(["TLSv1", "TLSv1.1"])("%s is refused by the proxy", async (version) => {
      // At security level 0 OpenSSL itself would use it.
      const old = { minVersion: version, maxVersion: version, ciphers: "DEFAULT:@SECLEVEL=0" };
      await expect(stage.visitor().open(old)).rejects.toThrow(/alert protocol version/);
    });

    test("plain HTTP on the port of TLS gets nothing of the server", async () => {
      const text = await plain(443, "GET /health HTTP/1.1\r\nHost: mcp.example.com\r\nConnection: close\r\n\r\n");
      expect(text).not.toContain("healthy");
      expect(text).toMatch(/^$|^HTTP\/1\.1 400 /);
    });

    test("plain HTTP is sent to https, with its method, whatever name it asks for", async () => {
      const text = await plain(
        80,
        "POST /tools/x?y=1 HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
      );
      expect(text).toMatch(/^HTTP\/1\.1 308 /);
      expect(text).toMatch(new RegExp(`^location: ${origin}/tools/x\\?y=1\r$`, "im"));
    });
  });

  function plain(port: number, request: string): Promise<string> {
    return new Promise((resolve) => {
      const socket = connect({ host: stage.setting().machine.address, port }, () => socket.write(request));
      let text = "";
      socket.on("data", (part) => {
        text += part;
      });
      socket.on("error", () => undefined).on("close", () => resolve(text));
    });
  }

  test("HTTP/2 is chosen by ALPN, and HTTP/1.1 by those who ask for nothing else", async () => {
    const { status, first } = await askHttp2(stage.visitor(), "/health");
    expect({ status, healthy: first.includes("healthy") }).toEqual({ status: 200, healthy: true });
    const socket = await stage.visitor().open({ ALPNProtocols: ["http/1.1"] });
    expect(socket.alpnProtocol).toBe("http/1.1");
    socket.destroy();
  });

  test.each(["/health", "/tools", "/mcp", "/nothing", "/metrics"])("%s has each security header once", async (path) => {
    const { headers } = await stage.visitor().ask(path);
    expect(headers).toMatchObject({
      "strict-transport-security": "max-age=31536000; includeSubDomains",
      "x-frame-options": "DENY",
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
      "x-request-id": expect.stringMatching(/^[\w.:-]{8,128}$/),
    });
    // Of the server: what the proxy answers by itself has none.
    expect(["0", undefined]).toContain(headers["x-xss-protection"]);
    expect(String(headers.server ?? "")).not.toMatch(/\d/);
  });
}
