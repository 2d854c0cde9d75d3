// What WebAssembly computes for the float64 engine. All addresses are in bytes, all numbers float64 unless said otherwise,
// all matrices row-major. Nothing is allocated: the memory belongs to the caller.

export { swish } from "./activation";
export { addElements, multiplyElements } from "./elementwise";
export { exponential } from "./exponential";
export { addProductOfHalves, productOfHalvesAdjoint } from "./invariants";
export { multiply } from "./multiply";
export { neighbourSum, neighbourSumFeaturesAdjoint, neighbourSumPairsAdjoint } from "./neighbour_sum";
