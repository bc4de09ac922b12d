import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as types from "../../../../operator/deployment/resource-types.ts";
import { Authority } from "../support/certificates.ts";
import {
  addressed,
  connectionUrl,
  type Exposed,
  expectRest,
  exposedWorld,
  nginx,
  otherClass,
  said,
} from "../support/exposure.ts";
import {
  changeSpec,
  conditionOf,
  createResource,
  eventually,
  exists,
  untilAnnounced,
  untilCondition,
  untilSettled,
} from "../support/steps.ts";
import type { World } from "../support/world.ts";

let exposed: Exposed;
let world: World;
let targets: Exposed["targets"];

beforeAll(async () => {
  exposed = await exposedWorld("ingress");
  ({ world, targets } = exposed);
});
afterAll(() => world.dispose());

describe("an Ingress", () => {
  test("is made, and its address is looked at as soon as a controller has given it one", async () => {
    await createResource(world, "web", { exposure: nginx });
    await untilSettled(world, "web");
    const waiting = await untilCondition(world, "web", "Exposed", { status: "False", reason: "NoAddress" });
    expect(waiting.status).toMatchObject({
      url: "https://mcp.example.com/mcp",
      internalUrl: `http://web-mcp-server.${world.namespace}.svc:8080/mcp`,
    });
    expect(await connectionUrl(world, "web")).toEqual(["https://mcp.example.com/mcp", "https://mcp.example.com/mcp"]);
    expect(conditionOf(waiting, "Ready")).toMatchObject({ status: "True" });

    await said(world, types.ingresses, "web-mcp-server", addressed("203.0.113.9"));
    await untilCondition(world, "web", "Exposed", { status: "True", reason: "Answered" });
    expect(targets.at(-1)).toMatchObject({
      addresses: ["203.0.113.9"],
      host: "mcp.example.com",
      scheme: "https",
      port: 443,
    });
    await untilAnnounced(world, "web", "Exposed");
  });

  test.each(["web-mcp-server", "web-mcp-server-tools"])(
    "%s that was changed or deleted is what it was",
    async (name) => {
      const { spec } = await world.get(types.ingresses, name);
      await world.patch(types.ingresses, name, {
        spec: { rules: null, defaultBackend: { service: { name: "x", port: { number: 1 } } } },
      });
      await eventually(async () => expect((await world.get(types.ingresses, name)).spec).toMatchObject(spec as object));
      const { metadata } = await world.get(types.ingresses, name);
      await world.delete(types.ingresses, name);
      await eventually(async () =>
        expect((await world.get(types.ingresses, name)).metadata.uid).not.toBe(metadata.uid),
      );
    },
  );

  test("of another class is one, and the second goes", async () => {
    await changeSpec(world, "web", { exposure: otherClass });
    await eventually(async () => expect(await exists(world, types.ingresses, "web-mcp-server-tools")).toBe(false));
    await eventually(async () =>
      expect((await world.get(types.ingresses, "web-mcp-server")).spec).toMatchObject({ ingressClassName: "traefik" }),
    );
  });

  test("with a certificate waits for its Secret, and then asks for that one", async () => {
    const authority = new Authority();
    const { key, cert } = authority.issue({ name: "mcp.example.com" });
    authority.dispose();
    await changeSpec(world, "web", { exposure: { tls: { secretName: "mcp-tls" } } });
    await said(world, types.ingresses, "web-mcp-server", addressed("203.0.113.9"));
    await untilCondition(world, "web", "Exposed", { status: "False", reason: "CertificateNotFound" });
    const tls = {
      metadata: { name: "mcp-tls" },
      type: "kubernetes.io/tls",
      stringData: { "tls.key": key, "tls.crt": cert },
    };
    await world.post(types.secrets, tls);
    await untilCondition(world, "web", "Exposed", { status: "True" });
    expect(targets.at(-1)?.certificate).toMatch(/^[0-9a-f]{64}$/);
    await world.patch(types.secrets, "mcp-tls", { data: { "tls.crt": Buffer.from("none").toString("base64") } });
    await untilCondition(world, "web", "Exposed", { status: "False", reason: "CertificateUnusable" });
    await world.delete(types.secrets, "mcp-tls");
    await untilCondition(world, "web", "Exposed", { status: "False", reason: "CertificateNotFound" });
  });

  test("causes no write while nothing changes", async () => {
    await changeSpec(world, "web", { exposure: { tls: null } });
    await said(world, types.ingresses, "web-mcp-server", addressed("203.0.113.9"));
    await expectRest(exposed, "web");
  });

  test("that somebody else has is left alone, and told", async () => {
    const rules = [{ host: "theirs.example.com" }];
    await world.post(types.ingresses, { metadata: { name: "taken-mcp-server" }, spec: { rules } });
    await createResource(world, "taken", { exposure: otherClass });
    const refused = await untilCondition(world, "taken", "Degraded", { status: "True", reason: "ChildRefused" });
    expect(conditionOf(refused, "Degraded")?.message).toContain(`Ingress ${world.namespace}/taken-mcp-server exists`);
    await untilCondition(world, "taken", "Exposed", { status: "False", reason: "NotCreated" });
    expect((await world.get(types.ingresses, "taken-mcp-server")).spec).toMatchObject({ rules });
    await world.delete(types.cctelegramDeployments, "taken");
  });
});
