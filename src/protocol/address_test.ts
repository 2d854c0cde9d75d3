import assert from "node:assert/strict";
import { formatAddress, parseAddress } from "./address.ts";

Deno.test("parseAddress puts the prefix before a name, not before a full path", () => {
  assert.deepEqual(parseAddress("unix:water"), { transport: "unix", path: "/tmp/ipi_water" });
  assert.deepEqual(parseAddress("unix:water", "/run/x_"), { transport: "unix", path: "/run/x_water" });
  assert.deepEqual(parseAddress("unix:/run/water", "/tmp/ipi_"), { transport: "unix", path: "/run/water" });
});

Deno.test("parseAddress takes localhost for IPv4, which is what i-PI and ASE bind", () => {
  assert.deepEqual(parseAddress(" tcp:LocalHost:31415 "), { transport: "tcp", hostname: "127.0.0.1", port: 31415 });
  assert.deepEqual(parseAddress("tcp:node-7.cluster:65535"), {
    transport: "tcp",
    hostname: "node-7.cluster",
    port: 65535,
  });
  assert.deepEqual(parseAddress("tcp:[::1]:8"), { transport: "tcp", hostname: "::1", port: 8 });
});

Deno.test("parseAddress refuses what is no address, in one line", () => {
  const wrong = ["", "water", "unix:", "unix:a/b", "tcp:localhost", "tcp:localhost:0", "tcp:localhost:65536"];
  wrong.push("tcp::31415", "tcp:::1:31415", "tcp:host:1x", `unix:${"x".repeat(99)}`, "http://localhost:1");
  for (const address of wrong) {
    assert.throws(() => parseAddress(address), (error: Error) => {
      return error instanceof TypeError && error.message.startsWith("Expected") && !error.message.includes("\n");
    }, address);
  }
});

Deno.test("formatAddress writes what parseAddress reads", () => {
  for (const address of ["unix:/tmp/ipi_water", "tcp:127.0.0.1:31415", "tcp:[::1]:8"]) {
    assert.equal(formatAddress(parseAddress(address)), address);
  }
});
