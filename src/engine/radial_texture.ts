import { DeviceError } from "./device.ts";
import { coefficientCount, type PolynomialTable } from "./polynomial_table.ts";

/**
 * The radial maps' polynomials on the device, a row for each interval, `[interval][6][M·3·F/4]` texels of four numbers; why
 * in a texture, `kernels/radial_maps.wgsl` says.
 *
 * @throws {DeviceError} where the table is larger than the device's textures.
 */
export function createRadialTexture(device: GPUDevice, { intervals, coefficients }: PolynomialTable): GPUTexture {
  const width = coefficients.length / intervals / 4;
  const limit = device.limits.maxTextureDimension2D;
  if (Math.max(width, intervals) > limit) {
    throw new DeviceError(
      `Expected radial maps of at most ${limit} × ${limit} texels, the device's limit, but found ${width} × ${intervals} ` +
        `(${coefficientCount} coefficients each); use --device cpu`,
    );
  }
  const texture = device.createTexture({
    label: "radial maps",
    size: [width, intervals],
    format: "rgba32float",
    usage: GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.COPY_DST,
  });
  device.queue.writeTexture({ texture }, Float32Array.from(coefficients), { bytesPerRow: 16 * width }, [
    width,
    intervals,
  ]);
  return texture;
}
