import type { Exposure } from "../exposure/exposure.ts";

const prefix = "nginx.ingress.kubernetes.io/";

const annotated = (values: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value]));

/**
 * What the Enterprise Deployment Guide's nginx.conf says, as annotations of ingress-nginx. What there are none for (versions of TLS,
 * the status of its limits, security headers) is set in the controller's ConfigMap; the server sends the headers itself.
 */
export function nginxAnnotations({ scheme, requestTimeoutSeconds: seconds }: Exposure) {
  const common = {
    "ssl-redirect": `${scheme === "https"}`,
    "backend-protocol": "HTTP",
    // What the server reads at most, and a little more: the server's refusal says what is wrong.
    "proxy-body-size": "512k",
    "proxy-connect-timeout": "10",
    "proxy-http-version": "1.1",
  };
  return {
    /** /mcp: answers may be streams, and last. */
    streams: annotated({
      ...common,
      "proxy-buffering": "off",
      ...timeouts(seconds),
    }),
    /** /tools: 30 calls a minute of an address. */
    calls: annotated({
      ...common,
      ...timeouts(Math.min(seconds, 60)),
      "limit-rpm": "30",
      "limit-burst-multiplier": "1",
    }),
  };
}

const timeouts = (seconds: number): Record<string, string> =>
  seconds === 0 ? {} : { "proxy-read-timeout": `${seconds}`, "proxy-send-timeout": `${seconds}` };
