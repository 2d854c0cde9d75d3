/**
 * Opens a structure file for reading.
 *
 * @throws {Deno.errors.NotFound} If there is none, saying so.
 */
export async function openInput(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(`Expected a structure file ${path} but there is none`);
  }
}
