import type { Exposure } from "../exposure/exposure.ts";

const prefix = "nginx.ingress.kubernetes.io/";

const annotated = (values: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value]));

/**
 * The nginx.conf of the Enterprise Deployment Guide as annotations of ingress-nginx. Settings without an annotation (TLS versions,
 * the status code of limits) belong into the controller's ConfigMap; the server itself sends security headers.
 */
export function nginxAnnotations({ scheme, requestTimeoutSeconds: seconds }: Exposure) {
  const common = {
    "ssl-redirect": `${scheme === "https"}`,
    "backend-protocol": "HTTP",
    // A little more than the server accepts, because the server's refusal says what is wrong.
    "proxy-body-size": "512k",
    "proxy-connect-timeout": "10",
    "proxy-http-version": "1.1",
  };
  return {
    /** /mcp: answers may be streams and take long. */
    streams: annotated({
      ...common,
      "proxy-buffering": "off",
      ...timeouts(seconds),
    }),
    /** /tools and what else is REST: 30 calls a minute per client address. */
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
