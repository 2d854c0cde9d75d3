/** Vec4s that hold n numbers: the unit in which the kernels' buffers are counted. */
export function vec4s(n: number): number {
  return Math.ceil(n / 4);
}
