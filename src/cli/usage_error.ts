/** The command line was wrong: the program says so in one line and exits with 2. */
export class UsageError extends Error {
  override name = "UsageError";
}
