import { deepEqual, equal, throws } from "node:assert/strict";
import { isLocal, parseListenAddress } from "./listen_address.ts";

Deno.test("parseListenAddress() puts a name's socket into the user's folder", () => {
  const before = Deno.env.get("XDG_RUNTIME_DIR");
  try {
    Deno.env.set("XDG_RUNTIME_DIR", "/run/user/7");
    deepEqual(parseListenAddress("unix:water"), { transport: "unix", path: "/run/user/7/spookynet-water" });
    Deno.env.delete("XDG_RUNTIME_DIR");
    deepEqual(parseListenAddress("unix:water"), {
      transport: "unix",
      path: `/tmp/spookynet-${Deno.uid()}/spookynet-water`,
    });
  } finally {
    if (before !== undefined) Deno.env.set("XDG_RUNTIME_DIR", before);
  }
  deepEqual(parseListenAddress(" unix:/tmp/x/s "), { transport: "unix", path: "/tmp/x/s" });
  throws(() => parseListenAddress("unix:a/b"), TypeError);
});

Deno.test("parseListenAddress() takes port 0 for any that is free", () => {
  deepEqual(parseListenAddress("tcp:localhost:0"), { transport: "tcp", hostname: "127.0.0.1", port: 0 });
  deepEqual(parseListenAddress("tcp:[::1]:99"), { transport: "tcp", hostname: "::1", port: 99 });
  throws(() => parseListenAddress("tcp::0"), TypeError);
});

Deno.test("isLocal() tells this machine's addresses from others, whatever they look like", () => {
  for (const [listen, local] of [["unix:/s", true], ["tcp:127.8.9.1:1", true], ["tcp:[::1]:1", true]] as const) {
    equal(isLocal(parseListenAddress(listen)), local);
  }
  for (const listen of ["tcp:0.0.0.0:1", "tcp:[::]:1", "tcp:10.0.0.1:1", "tcp:127.0.0.1.example.org:1"]) {
    equal(isLocal(parseListenAddress(listen)), false, listen);
  }
});
