/*
 * SpookyNet as an external force of LAMMPS, without LAMMPS' headers and without recompiling it.
 *
 * The fix `fix ID group external pf/callback 1 1` of a script is served from a server of docs/protocol.md, by
 * libspookynet (../../c/spookynet.h), which is part of this library. Everything is found at run time in the LAMMPS
 * that this process has loaded: any build since 2021 with a shared liblammps will do.
 */
#ifndef SPOOKYNET_LAMMPS_H
#define SPOOKYNET_LAMMPS_H

#include "spookynet.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Serves a fix external from now on: energy (eV or kcal/mol, by LAMMPS' units metal or real), forces and virial, at
 * every step, of the fix's group, in the box as it is then; a cluster where no axis of the box is periodic. Other
 * atoms are not seen by the model. Serving a fix again, or another fix of the same ID, replaces what was there.
 *
 * lmp      LAMMPS, as lammps_open gives it, with a box. On several MPI ranks every one calls this and computes for all
 *          atoms, so that nothing is quicker than on one: the server has to run before, the fix's group is all, and IDs
 *          go from 1 to the number of atoms.
 * fix_id   ID of a fix external pf/callback
 * options  words `name=value` with spaces between; a value with spaces stands in '...' or "...":
 *          elements=O,H,...    element of each atom type, type 1 first (needed)
 *          address=ADDRESS     unix:/path, tcp:HOST:PORT or spawn: as in spk_open; default what SPOOKYNET_ADDRESS says
 *          charge=0            total charge of the group's atoms, e
 *          unpaired=0          number of unpaired electrons
 *          and all of spk_open but units: timeout, token, model, device, lr-cutoff, ...
 *
 * Returns SPK_OK or an error, whose text spk_lammps_message() has; nothing is attached then. An error in a step is
 * written to standard error (by LAMMPS of 2022 and later to its log file too) and ends the process with exit code 1.
 */
SPK_PUBLIC int spk_lammps_attach(void *lmp, const char *fix_id, const char *options);

/* What the last error of this library has to say: one line of UTF-8, "" before any. */
SPK_PUBLIC const char *spk_lammps_message(void);

/*
 * What LAMMPS' command `plugin load` calls. Attaches to the fix that the option fix=ID names, by default `spookynet`,
 * with the options of the script's string variable `spookynet`. An error ends the process, as in a step.
 */
SPK_PUBLIC void lammpsplugin_init(void *lmp, void *handle, void *registration);

#ifdef __cplusplus
}
#endif

#endif
