/**
 * SpookyNet energies, forces and stresses on WebGPU, for programs and for hosts of the i-PI protocol. Units are Å, eV and
 * e throughout; run as a program, this module is the command line (`./spookynet --help`).
 *
 * @example Energy and forces of a hydronium ion
 * ```ts
 * import assert from "node:assert/strict";
 * import { builtInModel, createCalculator, createStructure, loadModel } from "@spookynet/force-provider";
 *
 * await using calculator = await createCalculator(await loadModel(builtInModel()));
 * const hydronium = createStructure({
 *   symbols: ["O", "H", "H", "H"],
 *   positions: [[0, 0, 0.1], [0.96, 0, -0.1], [-0.48, 0.83, -0.1], [-0.48, -0.83, -0.1]],
 *   charge: 1,
 * });
 * const { energy, forces, charges } = await calculator.compute(hydronium, ["charges"]);
 *
 * assert(Number.isFinite(energy));
 * assert.equal(forces.length, 4 * 3);
 * assert.equal(charges!.reduce((sum, charge) => sum + charge).toFixed(6), "1.000000");
 * ```
 *
 * @module
 */
export { type Calculator, type CalculatorOptions, createCalculator } from "./src/engine/calculator.ts";
export { createCommittee } from "./src/engine/committee.ts";
export { type DeviceDescription, DeviceError } from "./src/engine/device.ts";
export { DomainError } from "./src/engine/domain_error.ts";
export { type DomainOptions } from "./src/engine/guarded_calculator.ts";
export { type ReadBackMode } from "./src/engine/read_back.ts";
export { type Tile } from "./src/engine/tile.ts";
export { builtInModel } from "./src/model/built_in_model.ts";
export { type BasisKind, type Hyperparameters, type ResidualCounts } from "./src/model/hyperparameters.ts";
export { loadModel, parseModel } from "./src/model/load_model.ts";
export { type Model, type Tensor } from "./src/model/model.ts";
export { ModelFileError, type ModelFilePlace } from "./src/model/model_file_error.ts";
export { writeSafetensors } from "./src/model/safetensors.ts";
export {
  type ClosestDistances,
  type TrainingDomain,
  trainingDomain,
  type ValueRange,
} from "./src/model/training_domain.ts";
export {
  type DriverOptions,
  type DriverStep,
  type DriverSummary,
  runDriver,
  type RunningDriver,
} from "./src/protocol/driver.ts";
export { type Evaluation } from "./src/protocol/evaluation_queue.ts";
export { type Evaluate, type Frame as HostFrame, type FrameResult } from "./src/protocol/frame.ts";
export { type HostGoodbye, type InitPolicy } from "./src/protocol/host_connection.ts";
export { type HostName, type Initialisation } from "./src/protocol/init_text.ts";
export { connect, type ConnectOptions } from "./src/server/connect.ts";
export { type Extra } from "./src/server/extras.ts";
export { type HostAtoms } from "./src/server/host_client.ts";
export { type ServerEvaluation } from "./src/server/scheduler.ts";
export { type RunningServer, serve, type ServeOptions, type ServerCounts } from "./src/server/serve.ts";
export { type InfoValue, type Scalar } from "./src/structure/comment_line.ts";
export { type Coordinates, createStructure, type StructureInput } from "./src/structure/create_structure.ts";
export { type ElectronOptions } from "./src/structure/electrons.ts";
export { type EvaluationPhase, type PhaseObserver } from "./src/structure/evaluation_phase.ts";
export { parseFrames, readFrames } from "./src/structure/extended_xyz.ts";
export { formatExtendedXyz } from "./src/structure/format_extended_xyz.ts";
export { type Frame, type FrameArray, type FrameOptions, structureOfFrame } from "./src/structure/frame.ts";
export { type AtomicEnergies, type Property, type Result } from "./src/structure/result.ts";
export { type Structure } from "./src/structure/structure.ts";
export { XyzError } from "./src/structure/xyz_error.ts";

if (import.meta.main) {
  const { main } = await import("./src/cli/main.ts");
  Deno.exit(await main(Deno.args));
}
