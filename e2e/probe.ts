import { imageName } from "../images/names.ts";
import type { Target } from "./kubectl.ts";

export type Place = { readonly namespace: string; readonly pod: string };

type Address = { readonly host: string; readonly port: number };

/** Starts a pod that does nothing, and resolves when commands can be run in it. */
export async function startProbe(
  { kubectl }: Target,
  namespace: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name, labels },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "probe",
          image: imageName("server"),
          imagePullPolicy: "IfNotPresent",
          command: ["node", "--eval", "setInterval(() => undefined, 2 ** 30)"],
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
        },
      ],
    },
  };
  await kubectl(["apply", "-f", "-"], { input: JSON.stringify(pod) });
  await kubectl(["-n", namespace, "wait", "--for=condition=Ready", `pod/${name}`, "--timeout=1m"]);
}

/** A dropped packet is sent again after one second; the timeout is longer than that. */
const program = `
  const { connect } = require("node:net");
  const open = (address) => new Promise((resolve) => {
    const socket = connect({ ...address, timeout: 2500 });
    socket.once("connect", () => resolve("open"));
    socket.once("timeout", () => resolve("silence"));
    socket.once("error", ({ code }) => resolve(code));
  });
  Promise.all(JSON.parse(process.argv[1]).map(open)).then((results) => {
    console.log(JSON.stringify(results));
    process.exit();
  });
`;

/** Opens a TCP connection from a pod to each address: "open", "silence" or the code of an error. */
export async function connectionsFrom(
  { kubectl }: Target,
  { namespace, pod }: Place,
  addresses: readonly Address[],
): Promise<string[]> {
  const command = ["node", "--eval", program, JSON.stringify(addresses)];
  return JSON.parse(await kubectl(["-n", namespace, "exec", pod, "--", ...command])) as string[];
}
