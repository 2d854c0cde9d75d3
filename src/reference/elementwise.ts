/** a + b, element by element, as a new array. Expects equal lengths. */
export function sum(a: Float64Array, b: Float64Array): Float64Array {
  const result = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) result[i] = a[i]! + b[i]!;
  return result;
}

/** a∘b, element by element, as a new array. Expects equal lengths. */
export function hadamard(a: Float64Array, b: Float64Array): Float64Array {
  const result = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) result[i] = a[i]! * b[i]!;
  return result;
}

/** target += increment, element by element, in place. Expects equal lengths. */
export function accumulate(target: Float64Array, increment: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i]! += increment[i]!;
}
