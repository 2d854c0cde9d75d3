/** Structures outside what a model was trained on, through the whole program: warnings, what is written, `--strict`. */
import { deepEqual, equal, match } from "node:assert/strict";
import { join } from "node:path";
import { writeSafetensors } from "../src/model/safetensors.ts";
import { FakeHost } from "../src/protocol/fake_host.ts";
import { header, positionData } from "../src/protocol/host_messages.ts";
import { errorOf, FakeClient } from "../src/server/fake_client.ts";
import { parseFrames } from "../src/structure/extended_xyz.ts";
import { tinyModel } from "./fixtures/tiny_model.ts";
import { ServeProcess } from "./serve_process.ts";
import { inTemporaryFolder, spookynet } from "./spookynet_process.ts";

const domain = { elements: ["H", "O"], charge: [-1, 1], unpaired: [0, 1], closest: { "H-O": 0.7 } };

const water = "3\n\nO 0 0 0\nH 0.958 0 0\nH -0.24 0.927 0\n";
const squeezedWater = "3\n\nO 0 0 0\nH 0.6 0 0\nH -0.24 0.927 0\n";
const hydrogenChloride = "2\n\nCl 0 0 0\nH 1.27 0 0\n";
const oxygen = "2\nunpaired=2\nO 0 0 0\nO 1.21 0 0\n";

const element = "element Cl (atom 0), trained on H, O (2)";
const distance = "H–O distance 0.600 Å (atoms 0 and 1), trained on 0.700 Å and more";
const unpaired = "unpaired electrons 2, trained on 0 to 1";

/** Runs with a model that says its domain, and a file of structures inside and outside of it. */
async function inDomainFolder(body: (folder: string, model: readonly string[], file: string) => Promise<void>) {
  await inTemporaryFolder(async (folder) => {
    const model = join(folder, "water.safetensors");
    const metadata = new Map([["domain", JSON.stringify(domain)], ["taught_by", "nobody"]]);
    await Deno.writeFile(model, writeSafetensors({ ...tinyModel(), metadata }));
    const file = join(folder, "in.xyz");
    await Deno.writeTextFile(file, [water, squeezedWater, hydrogenChloride, oxygen, hydrogenChloride].join(""));
    await body(folder, ["--model", model, "--device", "cpu"], file);
  });
}

Deno.test("eval warns of each way to be outside the model's domain once, and marks every frame that is", async () => {
  await inDomainFolder(async (_, model, file) => {
    const lines = await spookynet(["eval", file, ...model, "--format", "jsonl", "--properties", "energy"]);
    equal(lines.code, 0, lines.stderr);
    deepEqual(
      lines.stderr.split("\n").filter((line) => line.startsWith("warning: ")),
      [distance, element, unpaired].map((reason) =>
        `warning: water is used for what it was not trained on: ${reason} (--strict refuses it)`
      ),
    );
    const found = lines.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    deepEqual(found.map(({ domain }) => domain), [undefined, [distance], [element], [unpaired], [element]]);
    const asked = await spookynet(["eval", file, ...model, "--format", "jsonl", "--properties", "domain"]);
    deepEqual(JSON.parse(asked.stdout.split("\n")[0]!), { domain: [] });
    const frames = [...parseFrames((await spookynet(["eval", file, ...model])).stdout)];
    deepEqual(
      frames.map(({ info }) => info.get("outside_domain")),
      [undefined, distance, element, unpaired, element],
    );
  });
});

Deno.test("eval --strict refuses the first frame outside the model's domain, and keeps the results before it", async () => {
  await inDomainFolder(async (folder, model, file) => {
    const output = join(folder, "out.jsonl");
    const { code, stderr } = await spookynet(["eval", file, ...model, "--strict", "--output", output]);
    equal(code, 1);
    match(stderr, /in\.xyz, frame 2: Expected structures like those that water was trained on but found H–O distance/);
    equal((await Deno.readTextFile(`${output}.part`)).trimEnd().split("\n").length, 1);
  });
});

Deno.test("info shows, and convert keeps, what a model says about its training", async () => {
  await inDomainFolder(async (folder, [, model]) => {
    const copy = join(folder, "copy.safetensors");
    equal((await spookynet(["convert", model!, copy])).code, 0);
    const { code, stdout } = await spookynet(["info", copy]);
    equal(code, 0);
    match(stdout, /^elements +H, O \(2\)$/m);
    match(stdout, /^charges +-1 to 1$/m);
    match(stdout, /^unpaired electrons +0 to 1$/m);
    match(stdout, /^closest atoms +H–O 0\.7 Å$/m);
    match(stdout, /^taught by +nobody$/m);
  });
});

Deno.test("serve --strict answers structures outside the model's domain with error 6, others go on", async () => {
  await inDomainFolder(async (_, model) => {
    await using server = await ServeProcess.start([...model, "--strict"]);
    using client = await FakeClient.open(server.address);
    equal((await client.system([8, 1], -1)).kind, 102);
    equal((await client.compute({ positions: [0, 0, 0, 0.97, 0, 0] })).kind, 103);
    const { code, message } = errorOf(await client.compute({ positions: [0, 0, 0, 0.5, 0, 0] }));
    equal(code, 6);
    match(message, /^Expected structures like those that water was trained on but found H–O distance 0\.500 Å/);
    equal((await client.compute({ positions: [0, 0, 0, 0.97, 0, 0] })).kind, 103);
  });
});

Deno.test("serve warns of a client's structure outside the model's domain, and computes it", async () => {
  await inDomainFolder(async (_, model) => {
    await using server = await ServeProcess.start(model);
    using client = await FakeClient.open(server.address);
    equal((await client.system([17, 1])).kind, 102);
    for (let step = 0; step < 3; step++) equal((await client.compute({ positions: [0, 0, 0, 1.3, 0, 0] })).kind, 103);
    server.signal("SIGTERM");
    const { stderr } = await server.ended();
    equal(stderr.split("\n").filter((line) => line.startsWith("warning: ")).length, 1);
    match(stderr, /warning: water is used for what it was not trained on: element Cl \(atom 0\)/);
  });
});

Deno.test("connect tells the host by extras, and warns once; --strict ends it with the reason", async () => {
  await inDomainFolder(async (_, model) => {
    await using host = FakeHost.listen();
    const connect = ["connect", "--to", host.to, "--elements", "O,H", "--charge", "-1", "--init", "ready", ...model];
    const squeezed = positionData({ cell: new Array(9).fill(0), positions: [0, 0, 0, 1, 0, 0] }); // bohr
    const lenient = spookynet([...connect, "--extras", "domain"]);
    const connection = await host.accept();
    for (let step = 0; step < 2; step++) {
      await connection.send(squeezed, header("GETFORCE"));
      deepEqual((await connection.receiveForces(2)).extras, ['{"outside_domain":1}']);
    }
    await connection.send(header("EXIT"));
    const { code, stderr } = await lenient;
    equal(code, 0, stderr);
    equal(stderr.match(/^warning: .*H–O distance 0\.529 Å/gm)?.length, 1, stderr);

    const strict = spookynet([...connect, "--strict"]);
    await (await host.accept()).send(squeezed, header("GETFORCE"));
    const refused = await strict;
    equal(refused.code, 1);
    match(refused.stderr, /Expected structures like those that water was trained on but found H–O distance 0\.529 Å/);
  });
});
