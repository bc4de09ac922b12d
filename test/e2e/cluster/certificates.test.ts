import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { controlPlaneCertificates, makeCertificates, nodeCertificates } from "../../../e2e/cluster/certificates.ts";

describe("a cluster's certificates", () => {
  const folder = mkdtempSync(join(tmpdir(), "pki-"));
  const certificate = (file: string) => new X509Certificate(readFileSync(join(folder, `${file}.crt`)));

  beforeAll(async () => {
    const nodes = [{ name: "node-1", address: "192.168.77.1" }];
    await makeCertificates(folder, [...controlPlaneCertificates(["192.168.77.1"]), ...nodeCertificates(nodes)]);
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  test("name the API server as pods, the machine and nodes call it", () => {
    const server = certificate("kube-apiserver");
    for (const host of ["localhost", "kubernetes.default.svc"]) expect(server.checkHost(host)).toBe(host);
    for (const address of ["127.0.0.1", "192.168.77.1"]) expect(server.checkIP(address)).toBe(address);
    expect(server.checkIP("192.168.77.2")).toBeUndefined();
  });

  test("identify a kubelet as the node authorizer expects", () => {
    expect(certificate("kubelet-node-1").subject).toBe("O=system:nodes\nCN=system:node:node-1");
  });

  test("come from the cluster's authority, the front proxy's from one of its own", () => {
    const [authority, proxy] = [certificate("ca"), certificate("front-proxy-ca")];
    expect(certificate("admin").verify(authority.publicKey)).toBe(true);
    expect(certificate("front-proxy-client").verify(proxy.publicKey)).toBe(true);
    expect(certificate("front-proxy-client").verify(authority.publicKey)).toBe(false);
  });

  test("sign nothing further, unless they are an authority", () => {
    expect(certificate("ca").ca).toBe(true);
    expect(certificate("admin").ca).toBe(false);
  });

  test("have keys that only their owner reads", () => {
    expect(statSync(join(folder, "admin.key")).mode & 0o077).toBe(0);
  });
});
