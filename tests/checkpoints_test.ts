import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { buildNetwork } from "../src/model/build_network.ts";
import { loadModel, parseModel } from "../src/model/load_model.ts";
import type { Model } from "../src/model/model.ts";
import { writeSafetensors } from "../src/model/safetensors.ts";
import { checkpointPath } from "./reference_cases.ts";
import { skipping } from "./skipping.ts";

/**
 * The checkpoints of `../shared/reference`: tensors, and the SHA-256 of what PyTorch 1.13 loads from each: for every
 * tensor in the order of the names, a line "name dtype extent,extent" and the values as little-endian float64.
 */
const checkpoints: readonly (readonly [file: string, tensors: number, digest: string])[] = [
  ["bernstein.pth", 330, "fa58ab19712c7fef043e2b152242c06263ef351bd12a5c19f65780860dd7defc"],
  ["cartesian-d.pth", 330, "5872a7ed434ae0573f74fb7edc23fe7fc31bae7191e2f1a9d9d02c0aae259799"],
  ["exp-bernstein-unweighted.pth", 330, "7af21c1a19097d950676a9b6f2c092e839342e136d86b67109032d2be09a7b90"],
  ["exp-gaussian-unweighted.pth", 329, "14f9bc1142a852de6da3fcbcbc3882925b9b32272e1572ece2e3f210e69e4e6e"],
  ["exp-gaussian.pth", 329, "056ab4413588156f0b1bfee43d4daca9c2c52fa1d18af496ae15b061d5fed3a1"],
  ["full-64x3.pth", 460, "f2e435846699c431990dde2c806b408644e8472a1dbb20ebe7c26691db352bfa"],
  ["gaussian.pth", 329, "b4fa786ba17b97b6fa07db33ea56f2f9f890c53b79655998ebfa6a302c1299f4"],
  ["lr-cutoff-6.pth", 330, "5708598a26b83b41b278166895e15e8679e25dfff38c367ad7a2b509fd4c078e"],
  ["lr-cutoff.pth", 330, "d832c2c4f7aa5ba9bd999fe82367bf9d252b718101df2394ff1d27f5e8a591ff"],
  ["nn-only.pth", 296, "ba045e35f98f946977b0edaf96a4edc88a7762f8de9a8af0e9f3f7ed817e92dd"],
  ["no-dispersion.pth", 306, "f5c31caeb613f20ee26bae5d7536a881feec03267a251a6860eb716a20c67cba"],
  ["no-electrostatics.pth", 330, "36da518d5452665f0fb173ad30a11c4a5dfd2afe4fa0268846f4eb9b17a68055"],
  ["nonlinear-embedding.pth", 354, "5fe4e29b43fa28a43e84940862e287ff681f5333c3003f4f8e51af84b3504f60"],
  ["odd-48.pth", 330, "25e093c837fd18cdce227d741aa5bc1ca5ffd3735f9368db191482f2b16172f7"],
  ["one-module.pth", 200, "ada1610b7205d6c94acaf4ac08ca0c1067b156b3b0d58af20df4d5583d266c0f"],
  ["published.pth", 460, "07b9a2b4bff12c81e13beecbd58e7ffaf924006aa4dab3dbd98f28de25e569eb"],
  ["saved-double.pth", 330, "d10eb0dfa30528fddeee138e4e8ba9d3074a784e5f8c186173076815d386a041"],
  ["sinc.pth", 327, "f48f0d317d2216fd170bddc6110299316f0cd01984e75aa66abfb882dc8f57ba"],
  ["small-16x2.pth", 330, "e3577c5dce8599b343532aee8fd211cbfef993be9f787d4608a5290b2bf12100"],
  ["ssp-activation.pth", 330, "701ce2e284efddb48892b5c5ed8e6abfa009ff3eaecf2fd37f07011023f75815"],
  ["uneven-residuals.pth", 406, "6411225499686992bfd8815e2e7df6eb39e8e8cf2a98fdb782edfe2f7f2a0b79"],
  ["wide-128x4.pth", 590, "6dd2277d7eddafe9135c38780d97c82639f47c31cd138a8bb535be350e5d1ce5"],
];

function digestOf(model: Model): string {
  const hash = createHash("sha256");
  for (const [name, { dtype, shape, data }] of [...model.tensors].sort(([a], [b]) => a < b ? -1 : 1)) {
    hash.update(`${name} ${dtype} ${shape.join(",")}\n`);
    const bytes = new Uint8Array(8 * data.length);
    const view = new DataView(bytes.buffer);
    data.forEach((value, index) => view.setFloat64(8 * index, value, true));
    hash.update(bytes);
  }
  return hash.digest("hex");
}

/** Whether the reference checkpoints are there; where `CI` is `true` they must be. */
function haveCheckpoints(): boolean {
  try {
    Deno.statSync(checkpointPath(checkpoints[0]![0]));
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound) || Deno.env.get("CI") === "true") throw error;
    skipping("the published code's checkpoints", "there are none in ../shared/reference");
    return false;
  }
}

const ignore = !haveCheckpoints();

Deno.test({
  name: "loadModel gives the tensors that PyTorch loads from every reference checkpoint",
  ignore,
  async fn() {
    for (const [file, tensors, digest] of checkpoints) {
      const model = await loadModel(checkpointPath(file));
      assert.equal(model.name, file.replace(".pth", ""));
      assert.equal(model.tensors.size, tensors, file);
      assert.equal(digestOf(model), digest, file);
    }
  },
});

Deno.test({
  name: "writeSafetensors keeps every reference checkpoint as it is",
  ignore,
  async fn() {
    for (const [file] of checkpoints) {
      const model = await loadModel(checkpointPath(file));
      assert.deepEqual(parseModel(writeSafetensors(model), model.name), model, file);
    }
  },
});

Deno.test({
  name: "buildNetwork builds every reference checkpoint as its name promises",
  ignore,
  async fn() {
    const build = async (file: string) => buildNetwork(await loadModel(checkpointPath(file)));
    assert.equal((await build("bernstein.pth")).radialBasis.kind, "bernstein");
    assert.equal((await build("sinc.pth")).radialBasis.kind, "sinc");
    assert.equal((await build("cartesian-d.pth")).hyperparameters.irreps, false);
    assert.equal((await build("nonlinear-embedding.pth")).chargeEmbedding.kind, "nonlinear");
    assert.equal((await build("lr-cutoff-6.pth")).hyperparameters.longRangeCutoff, 6);
    const bare = await build("nn-only.pth");
    assert.deepEqual([bare.repulsion, bare.dispersion, bare.hyperparameters.electrostatics], [null, null, false]);
    const uneven = (await build("uneven-residuals.pth")).modules[1]!;
    assert.deepEqual([uneven.residualPost.length, uneven.resblockX.stack.length, uneven.resblockK.stack.length], [
      3,
      0,
      2,
    ]);
    const published = await build("published.pth");
    assert.deepEqual([published.features, published.basisFunctions, published.modules.length], [64, 16, 3]);
  },
});
