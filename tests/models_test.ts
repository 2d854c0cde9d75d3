/** `./spookynet models` and the download of the published model, from servers of this machine, as a user would run them. */
import { deepEqual, equal, match } from "node:assert/strict";
import { join } from "node:path";
import { knownModels, published } from "../src/cli/known_models.ts";
import { findModel } from "../src/cli/model_lookup.ts";
import { FakeFileServer, goodAnswer, type SeenRequest } from "../src/download/fake_file_server.ts";
import { sha256OfFile } from "../src/download/sha256.ts";
import { writeSafetensors } from "../src/model/safetensors.ts";
import { inBareProject } from "./bare_project.ts";
import { tinyModel } from "./fixtures/tiny_model.ts";
import { TlsProxy } from "./tls_proxy.ts";
import { skipping } from "./skipping.ts";

const file = await publishedFile();
if (file === null) {
  skipping("downloads of the published model", "its file is not here to be served (./spookynet models pull published)");
}

/** The published model's bytes, where this machine has them. */
async function publishedFile(): Promise<Uint8Array | null> {
  const path = await findModel("published").catch(() => null);
  return path !== null && await sha256OfFile(path) === published.sha256 ? await Deno.readFile(path) : null;
}

function publishedTest(name: string, fn: () => Promise<void>) {
  Deno.test({ name, ignore: file === null, fn });
}

function serveFile(bytes: Uint8Array): FakeFileServer {
  return new FakeFileServer((request) => goodAnswer(bytes, request));
}

const water = "3\n\nO 0 0 0\nH 0.958 0 0\nH -0.24 0.927 0\n";

Deno.test("models lists the user's, the built-in and the known models, with what is known of each", async () => {
  await inBareProject(async ({ folder, run }) => {
    const own = join(folder, "own");
    const metadata = new Map([
      ["domain", '{"elements": ["H", "O"], "charge": [-1, 1], "unpaired": [0, 2]}'],
      ["licence", "MIT"],
      ["taught_by", "GFN2-xTB"],
    ]);
    const bytes = writeSafetensors({ ...tinyModel(), metadata });
    await Deno.mkdir(own);
    for (const name of ["hcno-1", "water"]) await Deno.writeFile(join(own, `${name}.safetensors`), bytes);
    await Deno.writeTextFile(join(own, "broken.pth"), "not a model");
    const { code, stdout, stderr } = await run(["models"], { SPOOKYNET_MODELS: own });
    equal(code, 0, stderr);
    const blocks = stdout.split(/\n(?=\S)/).map((block) => block.trim());
    deepEqual(blocks.map((block) => block.split("\n")[0]), [
      "broken",
      "hcno-1",
      "water",
      "hcno-1 (the default, hidden by the one above)",
      "published",
    ]);
    match(blocks[0]!, /unusable +.*broken\.pth: Expected a checkpoint/);
    match(blocks[2]!, /where +model folder: .*own\/water\.safetensors/);
    match(blocks[2]!, new RegExp(`file +${bytes.length} bytes, sha256 [0-9a-f]{12}$`, "m"));
    match(blocks[2]!, /elements +H, O \(2\)\n +charges +-1 to 1\n +unpaired electrons +0 to 2/);
    match(blocks[2]!, /licence +MIT\n +taught by +GFN2-xTB/);
    match(blocks[3]!, /where +built in: .*models\/hcno-1\.safetensors/);
    match(blocks[3]!, /elements +H, C–O \(4\)[^]*licence +MIT\n +taught by +the published SpookyNet checkpoint/);
    match(blocks[4]!, /where +not here: \.\/spookynet models pull published/);
    match(blocks[4]!, /file +2394105 bytes, sha256 604026ed1483\n +elements +H–Rn \(86\)/);
    match((await run(["models", "pull", "water"])).stderr, /can be downloaded but found "water": there is published/);
    equal((await run(["models", "push", "published"])).code, 2);
  });
});

publishedTest("models pull downloads the published model into the cache, where all commands find it", async () => {
  await inBareProject(async ({ folder, cache, run }) => {
    await using server = serveFile(file!);
    const env = { SPOOKYNET_MODELS_URL: `${server.url}mirror` };
    const structure = join(folder, "in.xyz");
    await Deno.writeTextFile(structure, water);
    const withPublished = ["eval", structure, "--device", "cpu", "--model", "published"];
    const missing = await run(withPublished, env);
    equal(missing.code, 1);
    match(missing.stderr, /Expected the model published but it is not here: \.\/spookynet models pull published/);
    deepEqual(server.requests, []);

    const { code, stdout, stderr } = await run(["models", "pull", "published"], env);
    equal(code, 0, stderr);
    equal(stdout, `${join(cache, "published.pth")}: downloaded, 2394105 bytes, sha256 604026ed1483, as published\n`);
    deepEqual(server.requests, [{ path: `/mirror/${published.path}`, range: null }]);
    deepEqual([...Deno.readDirSync(cache)].map(({ name }) => name), ["published.pth"]);
    match((await run(["models", "pull", "published"], env)).stdout, /published\.pth: already there/);
    equal(server.requests.length, 1);
    match((await run(["models"])).stdout, /^published\n +where +cache: /m);
    match((await run(withPublished)).stdout, /energy=-13\.8/);
  });
});

publishedTest("--model published --yes downloads it on first use, and resumes what was cut before", async () => {
  await inBareProject(async ({ folder, cache, run }) => {
    await using server = serveFile(file!);
    const structure = join(folder, "in.xyz");
    await Deno.writeTextFile(structure, water);
    await Deno.mkdir(cache, { recursive: true });
    await Deno.writeFile(join(cache, "published.pth.part"), file!.subarray(0, 2_000_000));
    const eval_ = ["eval", structure, "--device", "cpu", "--model", "published"];
    const env = { SPOOKYNET_MODELS_URL: server.url.href };
    const missing = await run(eval_, env);
    equal(missing.code, 1);
    match(missing.stderr, /so does --yes/);
    const { code, stdout, stderr } = await run([...eval_, "--yes"], env);
    equal(code, 0, stderr);
    match(stdout, /energy=-13\.8/);
    deepEqual(server.requests.map(({ range }) => range), ["bytes=2000000-"]);
  });
});

Deno.test("models pull refuses what is not the published model: other bytes, another size, another host", async () => {
  const random = new Uint8Array(published.size).fill(7);
  const cases: [(request: SeenRequest) => ReturnType<typeof goodAnswer>, RegExp][] = [
    [
      (request) => goodAnswer(random, request),
      /found something else \(Expected bytes with the SHA-256 604026ed.* found/,
    ],
    [
      (request) => goodAnswer(random.subarray(1), request),
      /Expected 2394105 bytes but the server says that it has 2394104/,
    ],
    [() => ({ head: ["HTTP/1.1 302 Found", "location: http://localhost:8099/"] }), /found a redirect to another host/],
    [() => ({ head: ["HTTP/1.1 404 Not Found", "content-length: 0"] }), /the server answered 404 Not Found/],
  ];
  for (const [answer, expected] of cases) {
    await inBareProject(async ({ cache, run }) => {
      await using server = new FakeFileServer(answer);
      const { code, stdout, stderr } = await run(["models", "pull", "published"], {
        SPOOKYNET_MODELS_URL: server.url.href,
      });
      equal(code, 1);
      equal(stdout, "");
      match(stderr, expected);
      equal(stderr.trimEnd().split("\n").length, 1);
      deepEqual([...Deno.readDirSync(cache)], []);
    });
  }
});

Deno.test("models pull says what to do where there is no network, and refuses addresses that are none", async () => {
  await inBareProject(async ({ folder, run }) => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const url = `http://127.0.0.1:${listener.addr.port}`;
    listener.close();
    const offline = await run(["models", "pull", "published"], { SPOOKYNET_MODELS_URL: url });
    equal(offline.code, 1);
    match(offline.stderr, /cannot \(.*refused.*\): is this machine online, or does it need a proxy \(HTTPS_PROXY\)\?/);
    match(offline.stderr, new RegExp(`put it into ${folder}/home/\\.local/share/spookynet/models as published\\.pth`));
    for (const address of ["ftp://host/", "https://a b/", "https://me:secret@host/", "nowhere"]) {
      const { code, stderr } = await run(["models", "pull", "published"], { SPOOKYNET_MODELS_URL: address });
      equal(code, 1);
      match(stderr, /Expected an address like https:\/\/HOST\/PATH in SPOOKYNET_MODELS_URL but found/);
    }
  });
});

publishedTest("models pull goes through the proxy of HTTP_PROXY", async () => {
  await inBareProject(async ({ run }) => {
    // A proxy is asked for whole addresses; this one has the file itself.
    await using proxy = serveFile(file!);
    const { code, stderr } = await run(["models", "pull", "published"], {
      SPOOKYNET_MODELS_URL: "http://models.example",
      HTTP_PROXY: proxy.url.href,
    });
    equal(code, 0, stderr);
    deepEqual(proxy.requests, [{ path: `http://models.example/${published.path}`, range: null }]);
  });
});

async function canEncrypt(): Promise<boolean> {
  const isPossible = await TlsProxy.isPossible();
  if (!isPossible) {
    skipping("downloads through an encrypted proxy", "openssl is missing (Debian: apt-get install openssl)");
  }
  return isPossible;
}

Deno.test({
  name: "models pull goes to the published model's own address, encrypted, through the proxy of HTTPS_PROXY",
  ignore: file === null || !await canEncrypt(),
  fn: async () => {
    await inBareProject(async ({ run }) => {
      await using proxy = await TlsProxy.start("raw.githubusercontent.com", file!);
      const { code, stderr } = await run(["models", "pull", "published"], {
        HTTPS_PROXY: proxy.url,
        DENO_CERT: proxy.authority,
      });
      equal(code, 0, stderr);
      deepEqual(proxy.tunnels, ["raw.githubusercontent.com:443"]);
      deepEqual(proxy.paths, [
        "/OUnke/SpookyNet/d57b1fc02c4f1304a9445b2b9aa55a906818dd1b/parameters.pth",
      ]);
    });
  },
});

publishedTest("two pulls at once download the model once", async () => {
  await inBareProject(async ({ cache, run }) => {
    const both = Promise.withResolvers<void>();
    await using server = new FakeFileServer(async (request) => {
      // The first one is held until the other has had time to ask.
      setTimeout(both.resolve, 1500);
      await both.promise;
      return goodAnswer(file!, request);
    });
    const pull = () => run(["models", "pull", "published"], { SPOOKYNET_MODELS_URL: server.url.href });
    const ended = await Promise.all([pull(), pull()]);
    deepEqual(ended.map(({ code }) => code), [0, 0]);
    equal(server.requests.length, 1);
    deepEqual([...Deno.readDirSync(cache)].map(({ name }) => name), ["published.pth"]);
  });
});

/** A terminal for a program, by the `script` of util-linux. */
async function onTerminal(command: string, input: string, env: Readonly<Record<string, string>>) {
  const child = new Deno.Command("script", {
    args: ["--quiet", "--return", "--echo", "never", "--command", command, "/dev/null"],
    clearEnv: true,
    env: { ...env, TERM: "dumb" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const output = new Response(child.stdout).text();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  const { code } = await child.status;
  await writer.close().catch(() => {});
  return { code, output: await output };
}

const hasScript = await new Deno.Command("script", { args: ["--version"], stdout: "null", stderr: "null" })
  .output().then(({ success }) => success, () => false);
if (!hasScript) skipping("questions on a terminal", "script is missing (Debian: apt-get install bsdutils)");

Deno.test({
  name: "--model published asks on a terminal before it downloads",
  ignore: file === null || !hasScript,
  fn: async () => {
    await inBareProject(async ({ folder, env }) => {
      await using server = serveFile(file!);
      const structure = join(folder, "in.xyz");
      await Deno.writeTextFile(structure, water);
      const command = `${folder}/spookynet eval ${structure} --device cpu --model published`;
      const more = { ...env, SPOOKYNET_MODELS_URL: server.url.href };
      const no = await onTerminal(command, "n\n", more);
      match(
        no.output,
        /The model published is not here\. Download it \(2\.4 MB, MIT licence\) from .* into .*\[y\/N\] /,
      );
      match(no.output, /Expected the model published but it is not here/);
      equal(no.code, 1);
      deepEqual(server.requests, []);
      const yes = await onTerminal(command, "y\n", more);
      equal(yes.code, 0, yes.output);
      match(yes.output, /energy=-13\.8/);
      equal(server.requests.length, 1);
    });
  },
});

Deno.test("known models are pinned: a commit, a size and a hash", () => {
  for (const { path, size, sha256 } of knownModels) {
    match(path, /^[^/]+\/[^/]+\/[0-9a-f]{40}\/[^/]+$/);
    match(sha256, /^[0-9a-f]{64}$/);
    equal(Number.isSafeInteger(size), true);
  }
});
