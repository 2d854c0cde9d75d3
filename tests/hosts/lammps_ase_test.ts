import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { inTemporaryFolder, spookynet } from "../spookynet_process.ts";
import { acceptanceTest } from "./acceptance_test_case.ts";
import { runsLammps } from "./lammps_test_case.ts";

const data = fileURLToPath(new URL("../../adapters/lammps/examples/water.data", import.meta.url));
const packageFolder = fileURLToPath(new URL("../../adapters/python", import.meta.url));
const ase = fileURLToPath(new URL("ase_nve.py", import.meta.url));

const steps = 400;

/** Constant energy from 300 K on, by the same integrator that ASE has; the start goes to start.dump in full digits. */
const script = `
units metal
boundary f f f
read_data ${data}
velocity all create 300 4711 mom yes rot yes
write_dump all custom start.dump id type x y z vx vy vz modify sort id format float %.16g
thermo 1
thermo_style custom step etotal
thermo_modify format float %.10f
timestep 0.0005
fix integrate all nve
run ${steps}
`;

if (runsLammps) {
  acceptanceTest(
    "LAMMPS' NVE of a water dimer conserves energy as the same run in ASE does",
    async ({ python, model }) => {
      await inTemporaryFolder(async (folder) => {
        await Deno.writeTextFile(`${folder}/in.nve`, script);
        const { code, stdout, stderr } = await spookynet(
          ["lammps", `${folder}/in.nve`, "--elements", "O,H", "--model", model, "--device", "software"],
          { cwd: folder },
        );
        assert.equal(code, 0, stderr);
        const lammps = [...stdout.matchAll(/^ *(\d+) +(-\d+\.\d{10}) *$/gm)].map((line) => Number(line[2]));
        const run = await new Deno.Command(python.python, {
          args: [ase, `${folder}/start.dump`, String(steps), model],
          env: { PYTHONPATH: packageFolder },
        }).output();
        assert.ok(run.success, new TextDecoder().decode(run.stderr));
        const other: number[] = JSON.parse(new TextDecoder().decode(run.stdout));
        assert.equal(lammps.length, steps + 1);
        assert.equal(other.length, steps + 1);
        const range = (energies: readonly number[]) => Math.max(...energies) - Math.min(...energies);
        const apart = Math.max(...lammps.map((energy, i) => Math.abs(energy - lammps[0]! - (other[i]! - other[0]!))));
        console.log(
          `total energy within ${(1000 * range(lammps)).toFixed(3)} meV in LAMMPS, ${
            (1000 * range(other)).toFixed(3)
          } meV in ASE, never ${(1000 * apart).toFixed(4)} meV apart`,
        );
        // Verlet's own error, the same in both; float32 forces (4e-6 eV/Å) and LAMMPS' and ASE's constants (1e-6 of the
        // kinetic energy) make 1e-5 eV between them.
        assert.ok(range(lammps) < 5e-3);
        assert.ok(apart < 2e-5);
      });
    },
  );
} else {
  Deno.test.ignore("LAMMPS' NVE of a water dimer conserves energy as the same run in ASE does", () => {});
}
