import type { TrainingDomain } from "../model/training_domain.ts";

/** A model that can be downloaded. */
export interface KnownModel {
  /** What `--model` and `models pull` call it. */
  readonly name: string;
  /** What its file is called here. */
  readonly file: string;
  /** Where it is below {@linkcode modelsUrl}: repository, commit and file. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** SHA-256 of its bytes, in hexadecimal. */
  readonly sha256: string;
  /** The licence it is published under. */
  readonly licence: string;
  /** What its labels come from, as far as its authors say. */
  readonly taughtBy: string;
  /** What it was trained on, as far as it tells. */
  readonly domain: TrainingDomain;
}

/** The general model of SpookyNet's authors: H to Rn, any charge and spin. */
export const published: KnownModel = {
  name: "published",
  file: "published.pth",
  path: "OUnke/SpookyNet/d57b1fc02c4f1304a9445b2b9aa55a906818dd1b/parameters.pth",
  size: 2394105,
  sha256: "604026ed148310d09cd6ae6c0e67e3c8905b5fc35ef3bd30714fd8776985e5cc",
  licence: "MIT",
  taughtBy: "not stated by its authors",
  domain: {
    elements: Array.from({ length: 86 }, (_, index) => index + 1),
    charge: null,
    unpaired: null,
    closest: null,
  },
};

/** All models that can be downloaded. */
export const knownModels: readonly KnownModel[] = [published];

/**
 * Where known models are downloaded from: `SPOOKYNET_MODELS_URL`, a mirror with the same paths below it, else the files of
 * public GitHub repositories.
 *
 * @throws {Error} If the variable is no address.
 */
export function modelsUrl(): URL {
  const text = Deno.env.get("SPOOKYNET_MODELS_URL") || "https://raw.githubusercontent.com";
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new Error(`Expected an address like https://HOST/PATH in SPOOKYNET_MODELS_URL but found "${text}"`);
  }
  return url;
}

/** Where a known model is. */
export function urlOf({ path }: KnownModel): URL {
  const base = modelsUrl();
  return new URL(`${base.href.replace(/\/*$/, "")}/${path}`);
}
