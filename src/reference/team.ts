/**
 * One thread of a team. All threads of a team run the same program on the same shared arrays, each on its own share of
 * the rows, and meet at barriers where one reads what another has written.
 */
export interface Team {
  /** 0 … size − 1. */
  readonly rank: number;
  /** Number of threads. */
  readonly size: number;
  /** Waits until every thread of the team has come here; what they wrote before can then be read by all. */
  barrier(): void;
}

/** Rows `from … to − 1`. */
export interface Share {
  readonly from: number;
  readonly to: number;
}

/** The team of a thread that works alone. */
export const soloTeam: Team = { rank: 0, size: 1, barrier() {} };

/**
 * This thread's share of `count` rows. Shares follow one another in the order of the ranks, differ by at most one block,
 * and begin at multiples of `block`, so that register tiles stay whole; a thread's share may be empty.
 */
export function share({ rank, size }: Team, count: number, block = 4): Share {
  const blocks = Math.ceil(count / block);
  const from = Math.floor(blocks * rank / size) * block;
  const to = Math.floor(blocks * (rank + 1) / size) * block;
  return { from: Math.min(from, count), to: Math.min(to, count) };
}
