import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Blueprint, Child } from "../../../operator/deployment/blueprint.ts";
import { childrenOf } from "../../../operator/deployment/desired/children.ts";
import { arbitraryBlueprint, blueprint, specOf } from "./support/blueprint.ts";

const all = (blueprint: Blueprint): Child[] => {
  return Object.values(childrenOf(blueprint)).flat();
};

type PodSpec = {
  readonly containers: readonly Record<string, unknown>[];
  readonly volumes?: readonly Record<string, unknown>[];
} & Record<string, unknown>;
type Template = { readonly metadata: { readonly labels: Record<string, string> }; readonly spec: PodSpec };

const templatesOf = (blueprint: Blueprint) =>
  all(blueprint).flatMap(({ object }) => (object.spec as { template?: Template } | undefined)?.template ?? []);

const holdsFor = (check: (blueprint: Blueprint) => void) =>
  fc.assert(fc.property(arbitraryBlueprint, (blueprint) => void check(blueprint)));

/** RFC 1123 label: names of Services, and values of the labels that controllers put on pods. */
const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const dnsSubdomain = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

describe("whatever the spec says", () => {
  test("equal blueprints give equal children", () => {
    holdsFor((blueprint) => expect(childrenOf(structuredClone(blueprint))).toEqual(childrenOf(blueprint)));
  });

  test("children are told apart by type and name", () => {
    holdsFor((blueprint) => {
      const ids = all(blueprint).map(({ type, object }) => `${type.plural}/${object.metadata.name}`);
      expect(new Set(ids).size).toBe(ids.length);
    });
  });

  test("names are valid, those of Services and of pods' labels as DNS labels", () => {
    holdsFor((blueprint) => {
      for (const { type, object } of all(blueprint)) {
        const { name = "" } = object.metadata;
        expect(name).toMatch(type.plural === "services" ? dnsLabel : dnsSubdomain);
        // StatefulSets label their pods with "<name>-<hash of ten>", and name them "<name>-0".
        if (type.plural === "statefulsets") expect(`${name}-${"0".repeat(10)}`).toMatch(dnsLabel);
      }
    });
  });

  test("every child has our controller, which blocks, and our labels", () => {
    holdsFor((blueprint) => {
      for (const { object } of all(blueprint)) {
        expect(object.metadata.namespace).toBe(blueprint.namespace);
        expect(object.metadata.ownerReferences).toEqual([
          {
            apiVersion: "cctelegram.io/v1alpha1",
            kind: "CCTelegramDeployment",
            name: blueprint.name,
            uid: blueprint.uid,
            controller: true,
            blockOwnerDeletion: true,
          },
        ]);
        expect(object.metadata.labels).toMatchObject({
          "app.kubernetes.io/name": "cctelegram",
          "app.kubernetes.io/instance": blueprint.name,
          "app.kubernetes.io/component": expect.stringMatching(/^(mcp-server|bridge)$/),
          "app.kubernetes.io/managed-by": "cctelegram-operator",
        });
      }
    });
  });

  test("pods satisfy Pod Security restricted, and more: a read-only root and no token", () => {
    holdsFor((blueprint) => {
      for (const { spec } of templatesOf(blueprint)) expectRestricted(spec);
    });
  });

  test("labels of the user do not displace those that select the pods", () => {
    const podTemplate = { labels: { "app.kubernetes.io/instance": "other", "app.kubernetes.io/component": "other" } };
    const spec = specOf({ server: { podTemplate }, bridge: { podTemplate } });
    for (const { type, object } of all(blueprint(spec))) {
      if (type.group !== "apps") continue;
      const { selector, template } = object.spec as { selector: { matchLabels: object }; template: Template };
      expect(template.metadata.labels).toMatchObject(selector.matchLabels);
    }
  });

  test("every volume that is mounted is declared, and every Secret of ours that is mounted is made", () => {
    holdsFor((blueprint) => {
      const secrets = all(blueprint).flatMap(({ type, object }) =>
        type.plural === "secrets" ? object.metadata.name : [],
      );
      const known = new Set([...secrets, blueprint.spec.telegram.botTokenSecretRef.name]);
      for (const { spec } of templatesOf(blueprint)) {
        const declared = new Set([...(spec.volumes ?? []).map(({ name }) => name), "queue"]);
        const mounted = spec.containers.flatMap(({ volumeMounts }) => volumeMounts as { name: string }[]);
        expect(mounted.filter(({ name }) => !declared.has(name))).toEqual([]);
        const used = (spec.volumes ?? []).flatMap(({ secret }) => (secret as { secretName: string }).secretName);
        expect(used.filter((name) => !known.has(name))).toEqual([]);
      }
    });
  });

  test("no secret value stands outside a Secret", () => {
    holdsFor((blueprint) => {
      const open = JSON.stringify(all(blueprint).filter(({ type }) => type.plural !== "secrets"));
      const { hmac, verifierKey, dashboard, keys } = blueprint;
      for (const value of [
        hmac.current,
        verifierKey,
        ...(dashboard ? [dashboard.password.current] : []),
        ...[...keys.values()].map(({ current }) => current),
      ]) {
        expect(open).not.toContain(value);
      }
    });
  });
});

/** The fields of https://kubernetes.io/docs/concepts/security/pod-security-standards/, profile Restricted. */
function expectRestricted(spec: PodSpec): void {
  expect(spec).toMatchObject({
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
  });
  for (const field of ["hostNetwork", "hostPID", "hostIPC"]) expect(spec).not.toHaveProperty(field);
  for (const container of spec.containers) {
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect((container.ports as object[]).filter((port) => "hostPort" in port)).toEqual([]);
  }
  for (const { name: _name, ...source } of spec.volumes ?? []) expect(Object.keys(source)).toEqual(["secret"]);
}

describe("the pods are replaced", () => {
  test("when what they read at their start changes", () => {
    const before = templatesOf(blueprint(specOf()));
    const marked = templatesOf(blueprint(specOf(), { variables: { bridge: "another" } }));
    expect(marked[0]).toEqual(before[0]);
    expect(marked[1]).not.toEqual(before[1]);
    const louder = templatesOf(blueprint(specOf({ server: { logLevel: "debug" } })));
    expect(louder[0]).not.toEqual(before[0]);
    expect(louder[1]).toEqual(before[1]);
  });

  test("not when clients come and go: the server reads its keys again by itself", () => {
    const one = blueprint(specOf({ server: { auth: { clients: [{ name: "claude" }] } } }));
    expect(templatesOf(one)).toEqual(templatesOf(blueprint(specOf())));
  });

  test("not when the secret between them is rotated: they read it again by themselves", () => {
    const [at, until] = ["2026-12-01T00:00:00.000Z", "2026-12-01T00:15:00.000Z"];
    const [current, value] = ["d".repeat(64), "e".repeat(64)];
    const before = templatesOf(blueprint(specOf()));
    for (const hmac of [{ current }, { current, next: { value, at } }, { current, previous: { value, until } }]) {
      expect(templatesOf(blueprint(specOf(), { hmac }))).toEqual(before);
    }
  });
});
