/**
 * Loaded before the operator: stands in for the cluster's DNS, which a process outside the cluster has not. Plain
 * JavaScript, so that nothing for TypeScript is in the memory that is measured.
 */
import dns from "node:dns";

export const podsAddress = "127.77.0.1";

const { lookup } = dns;

dns.lookup = (host, options, callback) => {
  if (!host.endsWith(".svc")) return lookup(host, options, callback);
  const answer = options.all ? [[{ address: podsAddress, family: 4 }]] : [podsAddress, 4];
  process.nextTick(callback, null, ...answer);
};
