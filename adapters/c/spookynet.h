/*
 * libspookynet: energies, forces and virials of the SpookyNet potential for programs that can call C.
 *
 * The library is a client: `./spookynet serve` computes, on a GPU or none, and the library talks to it over a socket. It
 * joins a server that runs (`unix:`, `tcp:`) or starts one itself (`spawn:`).
 *
 *     spk_calculator *calc;
 *     if (spk_open(&calc, "spawn:", NULL) != SPK_OK) { puts(spk_last_error()); return 1; }
 *     if (spk_set_system(calc, n, numbers, 0.0, 0) != SPK_OK ||
 *         spk_compute(calc, positions, NULL, &energy, forces, NULL, NULL, NULL, NULL) != SPK_OK)
 *       puts(spk_error_message(calc));
 *     spk_close(&calc);
 *
 * Arrays are the caller's, row-major and contiguous; the library keeps no pointer after a call. It never prints, never
 * ends the program, raises no SIGPIPE, and no call lasts longer than the time-out (and, where it has to start a server,
 * the start's time-out). Every function that returns int returns SPK_OK (0) or one of the positive codes below.
 *
 * Threads: one thread a handle at a time; different handles are independent. After fork() only one of the two processes
 * may go on using a handle; the other one may close it.
 *
 * Units are chosen once, by spk_open's option `units`:
 *
 *                     length   energy      force          virial     charge   dipole
 *     metal (default) Å        eV          eV/Å           eV         e        e Å
 *     atomic          bohr     hartree     hartree/bohr   hartree    e        e bohr
 *     real            Å        kcal/mol    kcal/(mol Å)   kcal/mol   e        e Å
 */
#ifndef SPOOKYNET_H
#define SPOOKYNET_H

/* The library's version, and the version of what this header declares, which later versions only add to. */
#define SPK_VERSION "0.1.0"
#define SPK_API_VERSION 1

#if defined(__GNUC__)
#define SPK_PUBLIC __attribute__((visibility("default")))
#else
#define SPK_PUBLIC
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* What a call has come to. After a code of 20 or more, and after those that say so, the connection is gone: the next
 * call opens a new one and tells it the system again. Nothing is ever sent a second time behind the caller's back. */
typedef enum spk_status {
  SPK_OK = 0,

  /* The server's answer, with the codes of docs/protocol.md. */
  SPK_ERROR_MALFORMED = 1, /* it could not read the request; connection gone */
  SPK_ERROR_VERSION = 2,   /* it does not speak this library's version; connection gone */
  SPK_ERROR_TOKEN = 3,     /* token missing or wrong; connection gone */
  SPK_ERROR_LIMIT = 4,     /* more atoms, bytes or clients than it takes; connection gone */
  SPK_ERROR_ORDER = 5,     /* request out of order */
  SPK_ERROR_STRUCTURE = 6, /* the model cannot compute this structure */
  SPK_ERROR_FAILED = 7,    /* the computation failed */
  SPK_ERROR_CLOSING = 8,   /* it is closing; connection gone */

  /* The library's own; the connection is as before. */
  SPK_ERROR_ARGUMENT = 16,  /* an argument or option that is not allowed, or no system set */
  SPK_ERROR_MEMORY = 17,    /* out of memory */

  /* The way to the server; connection gone. */
  SPK_ERROR_CONNECT = 20, /* nobody listens at the address */
  SPK_ERROR_LOST = 21,    /* the connection broke */
  SPK_ERROR_TIMEOUT = 22, /* no answer within the time-out */
  SPK_ERROR_REPLY = 23,   /* the answer is not one to the request: not a SpookyNet server, or a broken one */
  SPK_ERROR_SPAWN = 24    /* the server could not be started */
} spk_status;

/* A connection with its system and units. */
typedef struct spk_calculator spk_calculator;

/*
 * Opens a calculator.
 *
 * calc     Receives the handle; NULL after an error, whose text spk_last_error() has.
 * address  unix:/path       a server's Unix socket
 *          tcp:HOST:PORT    a server's TCP socket; [::1] for IPv6 addresses
 *          spawn:           starts a server for this process, in a private folder. Handles that ask for the same
 *                           server (same options below) share it; it ends when the last of them is closed or the
 *                           program ends (10 s later where the program was killed).
 *          NULL or ""       what the environment variable SPOOKYNET_ADDRESS says
 * options  NULL or words `name=value` with spaces between; a value with spaces stands in '...' or "...":
 *          units=metal|atomic|real
 *          timeout=60             seconds that a call may take, connecting included
 *          token=TEXT             for a server beyond loopback; default the environment variable SPOOKYNET_TOKEN
 *          name=TEXT              of this client, for the server's log
 *          for spawn: only:
 *          model=FILE|NAME        default the server's
 *          device=auto|gpu|software|cpu
 *          lr-cutoff=ÅNGSTRÖM     long-range cutoff; crystals need one
 *          strict=yes|no          whether structures outside what the model was trained on are refused; default no
 *          command=PATH           the launcher; default the environment variable SPOOKYNET_COMMAND, else spookynet
 *                                 on PATH
 *          start-timeout=120      seconds until it must be ready
 *          log=FILE               where to append what it writes to standard error; default nowhere
 */
SPK_PUBLIC int spk_open(spk_calculator **calc, const char *address, const char *options);

/* Closes the connection, ends the server if this was the last handle of one that spawn: started, frees everything and
 * sets *calc to NULL. Does nothing to NULL. */
SPK_PUBLIC int spk_close(spk_calculator **calc);

/*
 * Says what does not change from step to step, in place of any system before.
 *
 * atoms     number N of atoms
 * numbers   [N] atomic numbers; copied
 * charge    total charge, e
 * unpaired  number of unpaired electrons (multiplicity - 1)
 */
SPK_PUBLIC int spk_set_system(spk_calculator *calc, int atoms, const int *numbers, double charge, int unpaired);

/* Says along which cell vectors structures with a cell repeat (0: no, else yes). All three until this is called. */
SPK_PUBLIC int spk_set_periodic(spk_calculator *calc, int a, int b, int c);

/*
 * Computes one structure. Every output may be NULL: not wanted, and then not computed where that saves time. After an
 * error the outputs hold nothing of use.
 *
 * positions        [N][3] length
 * cell             [3][3] cell vectors a, b, c in rows, length; NULL: a cluster in free space
 * energy           [1] potential energy
 * forces           [N][3] forces -dE/dR (not gradients)
 * virial           [3][3] virial W = -dE/d(strain) = sum of r F over all interactions, energy units, symmetric. Positive
 *                  when the atoms push outwards: it adds +trace(W)/(3 volume) to the pressure; the stress of ASE and of
 *                  elasticity is -W/volume. Same sign as in i-PI and LAMMPS; LAMMPS orders xx yy zz xy xz yz.
 * atomic_energies  [N] energies of the atoms, which sum to the energy
 * charges          [N] partial charges, e
 * dipole           [3] dipole, sum of charge times position: about the origin, which matters for ions
 */
SPK_PUBLIC int spk_compute(spk_calculator *calc, const double *positions, const double *cell, double *energy,
                           double *forces, double *virial, double *atomic_energies, double *charges, double *dipole);

/*
 * Computes several structures of the same system together: images of a band, beads of a ring polymer. As spk_compute,
 * with `structures` of everything one after another: positions [M][N][3], cells [M][3][3] or NULL, energies [M], ...
 * More than the server takes in one request are sent in several.
 */
SPK_PUBLIC int spk_compute_many(spk_calculator *calc, int structures, const double *positions, const double *cells,
                                double *energies, double *forces, double *virials, double *atomic_energies,
                                double *charges, double *dipoles);

/* Computes the Hessian d2E/dRdR, [3N][3N], energy/length^2, of one structure. It takes 6N evaluations: mind the
 * time-out. */
SPK_PUBLIC int spk_compute_hessian(spk_calculator *calc, const double *positions, const double *cell, double *hessian);

/* What the last call with this handle that failed has to say: one line of UTF-8, "" before any. Valid until the next
 * call with the handle. For NULL: spk_last_error(). */
SPK_PUBLIC const char *spk_error_message(const spk_calculator *calc);

/* The same for the last call of this thread that failed, with any handle or none. Valid until the thread's next call. */
SPK_PUBLIC const char *spk_last_error(void);

/* Name of the model, and of the device that computes, as the server says. Valid until the next call with the handle. */
SPK_PUBLIC const char *spk_model(const spk_calculator *calc);
SPK_PUBLIC const char *spk_device(const spk_calculator *calc);

/* SPK_API_VERSION and SPK_VERSION of the library that is loaded, which may be a later one than that of the header. */
SPK_PUBLIC int spk_api_version(void);
SPK_PUBLIC const char *spk_version(void);

#ifdef __cplusplus
}
#endif

#endif
