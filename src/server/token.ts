/** Whether `found` is the token, in a time that does not tell how much of it is right. */
export function isToken(found: Uint8Array, token: string): boolean {
  const expected = new TextEncoder().encode(token);
  let difference = found.length ^ expected.length;
  for (let i = 0; i < expected.length; i++) difference |= expected[i]! ^ (found[i] ?? 0);
  return difference === 0;
}
