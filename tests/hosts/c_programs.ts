import { join } from "node:path";
import { project } from "../spookynet_process.ts";
import { hasProgram } from "./debian_packages.ts";

const library = join(project, "adapters", "c");
const sources = join(project, "tests", "hosts", "c_library");

/** The languages that programs are compiled from. */
export type Language = "c" | "cpp" | "fortran";

const compilers: Readonly<Record<Language, string>> = { c: "gcc", cpp: "g++", fortran: "gfortran" };
const suffixes: Readonly<Record<Language, string>> = { c: "c", cpp: "cpp", fortran: "f90" };

/** The languages whose compilers there are; the others are named on stderr. */
export const languages: ReadonlySet<Language> = await availableLanguages();

async function availableLanguages(): Promise<Set<Language>> {
  const found = new Set<Language>();
  for (const language of ["c", "cpp", "fortran"] as const) {
    if (await hasProgram(compilers[language])) found.add(language);
  }
  return found;
}

/** Registers a test that needs compilers; ignored where one of them is missing. */
export function compiledTest(name: string, needed: readonly Language[], run: () => Promise<void>): void {
  Deno.test({ name, ignore: !needed.every((language) => languages.has(language)), fn: run });
}

/** Runs a program to its end and gives what it wrote; throws with that where it fails. */
export async function succeed(
  program: string,
  args: readonly string[],
  options: { env?: Record<string, string>; cwd?: string; stdin?: string } = {},
): Promise<string> {
  const { stdin, ...others } = options;
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    ...others,
  }).spawn();
  const writer = child.stdin.getWriter();
  // A program that ends without reading is judged by how it ends.
  await writer.write(new TextEncoder().encode(stdin ?? "")).then(() => writer.close()).catch(() => {});
  const { code, signal, stdout, stderr } = await child.output();
  const [text, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)) as [string, string];
  if (code !== 0) {
    throw new Error(`Expected ${program} to succeed but it ended with ${signal ?? code}:\n${text}${errors}`);
  }
  return text;
}

/** A folder with the library as `build.sh` installs it, and the programs that were compiled against it. */
export class CPrograms {
  /** Where the library is installed. */
  readonly prefix: string;

  private constructor(prefix: string) {
    this.prefix = prefix;
  }

  /** Builds and installs the library, without any warning. */
  static async install(): Promise<CPrograms> {
    const prefix = await Deno.makeTempDir({ prefix: "spookynet-c-" });
    await succeed(join(library, "build.sh"), [prefix], { env: { CFLAGS: "-O2 -Wall -Wextra -Wpedantic -Werror" } });
    return new CPrograms(prefix);
  }

  /**
   * Compiles a program of `c_library` or a source text. Programs in C contain the library and are checked for mistakes
   * with memory and for undefined behaviour as they run, unless they measure time; the others load what is installed.
   *
   * @returns The program's path.
   */
  async compile(
    language: Language,
    name: string,
    options: { source?: string; sanitise?: boolean } = {},
  ): Promise<string> {
    const program = join(this.prefix, `${name}-${language}`);
    let source = join(sources, `${name}.${suffixes[language]}`);
    if (options.source !== undefined) {
      source = `${program}.${suffixes[language]}`;
      await Deno.writeTextFile(source, options.source);
    }
    const include = join(this.prefix, "include");
    const linked = [`-L${this.prefix}/lib`, "-lspookynet", `-Wl,-rpath,${this.prefix}/lib`];
    const sanitised = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", join(library, "spookynet.c")];
    const args: Record<Language, string[]> = {
      c: ["-std=c99", `-I${include}`, source, ...(options.sanitise ?? true ? sanitised : linked), "-pthread"],
      cpp: ["-std=c++11", "-O1", `-I${include}`, source, ...linked],
      fortran: ["-std=f2008", "-O1", `-J${this.prefix}`, join(include, "spookynet.f90"), source, ...linked],
    };
    await succeed(compilers[language], ["-Wall", "-Wextra", "-Werror", ...args[language], "-o", program]);
    return program;
  }

  /** Removes the folder. */
  async remove(): Promise<void> {
    await Deno.remove(this.prefix, { recursive: true });
  }
}
