import { expect, test } from "vitest";
import { mayBeDialled } from "../../../../operator/deployment/exposure/dialled-address.ts";

const apiServers = ["10.96.0.1", "fd00::1", "kubernetes.default.svc"];

test.each([
  ...["127.0.0.1", "127.8.9.1", "0.0.0.0", "169.254.169.254", "224.0.0.1", "255.255.255.255", "100.100.100.200"],
  ...["::", "::1", "fe80::1", "fe80::1%eth0", "ff02::1", "fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:169.254.169.254"],
  ...["::ffff:7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "10.96.0.1", "::ffff:10.96.0.1", "fd00::1", "fd00:0::1"],
  ...["", "localhost", "0x7f.1", "127.1", "2130706433", "10.0.0.1:443"],
])("%s is not called", (address) => {
  expect(mayBeDialled(address, apiServers)).toBe(false);
});

test.each(["203.0.113.9", "10.0.0.7", "192.168.1.10", "172.18.255.200", "2001:db8::9", "fd00::7"])(
  "%s may be a load balancer's",
  (address) => {
    expect(mayBeDialled(address, apiServers)).toBe(true);
  },
);
