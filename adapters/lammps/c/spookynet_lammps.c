/*
 * A fix external of LAMMPS served by libspookynet; what the functions do stands in spookynet_lammps.h.
 *
 * In this order: LAMMPS' library, messages, options, the fix, one evaluation, errors in a step, the interface.
 */
#define _GNU_SOURCE /* RTLD_DEFAULT, RTLD_NOLOAD */

#include "spookynet_lammps.h"

#include <dlfcn.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { message_size = 1280, name_size = 128, most_types = 1024, elements_known = 118 };

/* kcal/mol in an eV: LAMMPS' own, so that its two units give one trajectory. */
static const double kilocalories_per_mole = 23.060549;

/* --- LAMMPS' library: the part of its C interface that has not changed since 2021 -------------------------------- */

typedef void (*fix_callback)(void *, int64_t step, int atoms, void *ids, double **positions, double **forces);

static struct {
  char *(*command)(void *, const char *);
  int (*extract_setting)(void *, const char *);
  void *(*extract_global)(void *, const char *);
  void *(*extract_atom)(void *, const char *);
  void *(*extract_variable)(void *, const char *, const char *);
  void (*extract_box)(void *, double *, double *, double *, double *, double *, int *, int *);
  int (*has_id)(void *, const char *, const char *);
  double (*get_natoms)(void *);
  void (*gather_atoms)(void *, const char *, int type, int count, void *);
  void (*set_callback)(void *, const char *, fix_callback, void *);
  void (*set_energy)(void *, const char *, double);
  void (*set_virial)(void *, const char *, double *);
  void (*release)(void *);
  void (*mpi_finalize)(void);
  /* Newer than Debian 12's; NULL there. */
  void (*error)(void *, int, const char *);
  int (*extract_variable_datatype)(void *, const char *);
} lammps;

static const struct {
  const char *name;
  void *function;
  bool is_optional;
} lammps_functions[] = {
    {"lammps_command", &lammps.command, false},
    {"lammps_extract_setting", &lammps.extract_setting, false},
    {"lammps_extract_global", &lammps.extract_global, false},
    {"lammps_extract_atom", &lammps.extract_atom, false},
    {"lammps_extract_variable", &lammps.extract_variable, false},
    {"lammps_extract_box", &lammps.extract_box, false},
    {"lammps_has_id", &lammps.has_id, false},
    {"lammps_get_natoms", &lammps.get_natoms, false},
    {"lammps_gather_atoms", &lammps.gather_atoms, false},
    {"lammps_set_fix_external_callback", &lammps.set_callback, false},
    {"lammps_fix_external_set_energy_global", &lammps.set_energy, false},
    {"lammps_fix_external_set_virial_global", &lammps.set_virial, false},
    {"lammps_free", &lammps.release, false},
    {"lammps_mpi_finalize", &lammps.mpi_finalize, false},
    {"lammps_error", &lammps.error, true},
    {"lammps_extract_variable_datatype", &lammps.extract_variable_datatype, true},
};

enum { lammps_warning = 0, lammps_string_variable = 3, lammps_integer = 0, lammps_double = 1 };

/* One fix that is served. */
typedef struct attachment {
  struct attachment *next;
  void *lmp;
  char fix[name_size];
  char membership[name_size + 32]; /* atom-style variable that is 1 in the group; "" for all atoms */
  spk_calculator *calc;
  int elements[most_types];
  int types;
  double charge;
  int unpaired;
  double energy_unit;
  int ranks;
  /* Of the group's atoms by ascending ID. */
  int atoms;
  int capacity;
  int *order; /* local index, on one rank */
  int *numbers;
  double *positions;
  double *forces;
} attachment;

static attachment *attachments;

/* --- messages ------------------------------------------------------------------------------------------------- */

static char last_message[message_size];

static int fail(int status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(last_message, sizeof last_message, format, arguments);
  va_end(arguments);
  return status;
}

static int out_of_memory(void) {
  return fail(SPK_ERROR_MEMORY, "Expected memory for the atoms but found none left");
}

/* Finds LAMMPS' functions in what this process has loaded. */
static int find_lammps(void) {
  if (lammps.command != NULL) return SPK_OK;
  void *library = NULL;
  if (dlsym(RTLD_DEFAULT, "lammps_command") == NULL) {
    library = dlopen("liblammps.so.0", RTLD_LAZY | RTLD_NOLOAD);
    if (library == NULL) library = dlopen("liblammps.so", RTLD_LAZY | RTLD_NOLOAD);
    if (library == NULL) {
      return fail(SPK_ERROR_ARGUMENT,
                  "Expected LAMMPS with a shared liblammps in this process but found none: build it with "
                  "BUILD_SHARED_LIBS=yes, or take ./spookynet connect and i-PI");
    }
  }
  for (size_t k = 0; k < sizeof lammps_functions / sizeof *lammps_functions; k++) {
    void *found = dlsym(library == NULL ? RTLD_DEFAULT : library, lammps_functions[k].name);
    if (found == NULL && !lammps_functions[k].is_optional) {
      lammps.command = NULL;
      return fail(SPK_ERROR_ARGUMENT, "Expected the function %s of LAMMPS but found none: take LAMMPS of 2021 or later",
                  lammps_functions[k].name);
    }
    memcpy(lammps_functions[k].function, &found, sizeof found);
  }
  return SPK_OK;
}

/* --- options -------------------------------------------------------------------------------------------------- */

static const char *const symbols[elements_known] = {
    "H",  "He", "Li", "Be", "B",  "C",  "N",  "O",  "F",  "Ne", "Na", "Mg", "Al", "Si", "P",  "S",  "Cl",
    "Ar", "K",  "Ca", "Sc", "Ti", "V",  "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Ge", "As", "Se",
    "Br", "Kr", "Rb", "Sr", "Y",  "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Sb",
    "Te", "I",  "Xe", "Cs", "Ba", "La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er",
    "Tm", "Yb", "Lu", "Hf", "Ta", "W",  "Re", "Os", "Ir", "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Po", "At",
    "Rn", "Fr", "Ra", "Ac", "Th", "Pa", "U",  "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Es", "Fm", "Md", "No",
    "Lr", "Rf", "Db", "Sg", "Bh", "Hs", "Mt", "Ds", "Rg", "Cn", "Nh", "Fl", "Mc", "Lv", "Ts", "Og"};

/* What the options say; the texts are kept in `text`, what is left for spk_open in `others`. */
typedef struct settings {
  char *text;
  char *others;
  const char *fix;
  const char *address;
  const char *elements;
  const char *charge;
  const char *unpaired;
} settings;

static void free_settings(settings *read) {
  free(read->text);
  free(read->others);
}

static const char **setting(settings *read, const char *name, size_t length) {
  const struct {
    const char *name;
    const char **value;
  } known[] = {{"fix", &read->fix},
               {"address", &read->address},
               {"elements", &read->elements},
               {"charge", &read->charge},
               {"unpaired", &read->unpaired}};
  for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
    if (strlen(known[k].name) == length && strncmp(known[k].name, name, length) == 0) return known[k].value;
  }
  return NULL;
}

/* Picks this library's options out of the words; all others are left to spk_open, which checks them. */
static int read_settings(settings *read, const char *options) {
  static const char space[] = " \t\r\n";
  memset(read, 0, sizeof *read);
  size_t size = strlen(options) + 2;
  read->text = malloc(size);
  read->others = calloc(1, size);
  if (read->text == NULL || read->others == NULL) return out_of_memory();
  memcpy(read->text, options, size - 1);
  for (char *at = read->text; *(at += strspn(at, space)) != '\0';) {
    char *word = at;
    at += strcspn(at, " \t\r\n=");
    if (*at != '=') {
      *at = '\0';
      return fail(SPK_ERROR_ARGUMENT, "Expected options name=value but found %s", word);
    }
    const char **known = setting(read, word, (size_t)(at - word));
    char *value = ++at;
    bool is_quoted = *value == '\'' || *value == '"';
    char *end = is_quoted ? strchr(value + 1, *value) : value + strcspn(value, space);
    if (end == NULL) return fail(SPK_ERROR_ARGUMENT, "Expected a closing quote after %s", word);
    at = is_quoted ? end + 1 : end;
    if (known == NULL) {
      if (strncmp(word, "units=", 6) == 0) {
        return fail(SPK_ERROR_ARGUMENT, "Expected no option units: LAMMPS' units are taken");
      }
      strncat(read->others, word, (size_t)(at - word));
      strcat(read->others, " ");
      continue;
    }
    if (*at != '\0') at++;
    *end = '\0';
    *known = is_quoted ? value + 1 : value;
  }
  return SPK_OK;
}

static int read_elements(attachment *made, const char *list) {
  if (list == NULL || *list == '\0') {
    return fail(SPK_ERROR_ARGUMENT,
                "Expected the option elements=O,H,... with the element of each atom type but found none");
  }
  made->types = 0;
  for (const char *at = list;; at++) {
    size_t length = strcspn(at, ",");
    int number = 0;
    for (int k = 0; k < elements_known && number == 0; k++) {
      if (strlen(symbols[k]) == length && strncmp(symbols[k], at, length) == 0) number = k + 1;
    }
    if (number == 0 || made->types == most_types) {
      return fail(SPK_ERROR_ARGUMENT, "Expected chemical symbols such as O,H,C in elements but found %.40s", list);
    }
    made->elements[made->types++] = number;
    at += length;
    if (*at == '\0') return SPK_OK;
  }
}

static int read_number(const char *name, const char *text, bool is_whole, double *value) {
  *value = 0;
  if (text == NULL) return SPK_OK;
  char *end;
  *value = strtod(text, &end);
  if (end != text && *end == '\0' && fabs(*value) < 1e6 && (!is_whole || *value == floor(*value))) return SPK_OK;
  return fail(SPK_ERROR_ARGUMENT, "Expected a%s number as %s but found %s", is_whole ? " whole" : "", name, text);
}

static int apply_settings(attachment *made, const settings *read) {
  double unpaired;
  int status = read_elements(made, read->elements);
  if (status == SPK_OK) status = read_number("charge", read->charge, false, &made->charge);
  if (status == SPK_OK) status = read_number("unpaired", read->unpaired, true, &unpaired);
  if (status != SPK_OK) return status;
  made->unpaired = (int)unpaired;
  return SPK_OK;
}

/* --- the fix -------------------------------------------------------------------------------------------------- */

/* LAMMPS' library does not tell a fix's style and group, but its command `info` does. */
static int find_group(void *lmp, const char *fix, char group[name_size]) {
  const char *folder = getenv("TMPDIR");
  char path[1024], command[1100], line[1024];
  snprintf(path, sizeof path, "%s/spookynet-fixes-XXXXXX", folder == NULL || *folder == '\0' ? "/tmp" : folder);
  int descriptor = mkstemp(path);
  FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "r");
  if (file == NULL) {
    if (descriptor >= 0) close(descriptor);
    return fail(SPK_ERROR_ARGUMENT, "Expected to write a temporary file %s but could not", path);
  }
  snprintf(command, sizeof command, "info fixes out overwrite \"%s\"", path);
  lammps.command(lmp, command);
  int status = fail(SPK_ERROR_ARGUMENT,
                    "Expected the fix %s but LAMMPS has none: put \"fix %s all external pf/callback 1 1\" before", fix,
                    fix);
  while (status != SPK_OK && fgets(line, sizeof line, file) != NULL) {
    char id[name_size], style[name_size];
    if (sscanf(line, " Fix[ %*d]: %127[^, ] , style = %127[^, ] , group = %127s", id, style, group) != 3) continue;
    if (strcmp(id, fix) != 0) continue;
    status = SPK_OK;
    if (strcmp(style, "external") != 0) {
      status = fail(SPK_ERROR_ARGUMENT, "Expected the fix %s to be external pf/callback but found %s", fix, style);
      break;
    }
  }
  fclose(file);
  remove(path);
  if (lammps.extract_setting(lmp, "world_rank") <= 0) return status;
  /* Only the first rank is told, and sees to it that the group is all. */
  snprintf(group, name_size, "all");
  return SPK_OK;
}

/* Every rank gathers all atoms and asks the server, which computes what all of them ask for together. */
static int check_ranks(attachment *made, const char *address, const char *group) {
  if (made->ranks <= 1) return SPK_OK;
  if (address == NULL || *address == '\0') address = getenv("SPOOKYNET_ADDRESS");
  if (address != NULL && strncmp(address, "spawn:", 6) == 0) {
    return fail(SPK_ERROR_ARGUMENT,
                "Expected one server for all %d MPI ranks but found the address %s: start ./spookynet serve before, "
                "and give its address",
                made->ranks, address);
  }
  if (strcmp(group, "all") == 0) return SPK_OK;
  return fail(SPK_ERROR_ARGUMENT,
              "Expected the fix %s to be of the group all on %d MPI ranks but found %s: run LAMMPS on one", made->fix,
              made->ranks, group);
}

static int check_lammps(attachment *made, const char *address) {
  void *lmp = made->lmp;
  if (lammps.extract_setting(lmp, "box_exist") != 1) {
    return fail(SPK_ERROR_ARGUMENT, "Expected a box but found none: attach after the atoms are there");
  }
  if (lammps.extract_setting(lmp, "dimension") != 3) {
    return fail(SPK_ERROR_ARGUMENT, "Expected dimension 3 but found dimension 2");
  }
  const char *units = lammps.extract_global(lmp, "units");
  if (units != NULL && strcmp(units, "metal") == 0) made->energy_unit = 1;
  else if (units != NULL && strcmp(units, "real") == 0) made->energy_unit = kilocalories_per_mole;
  else {
    return fail(SPK_ERROR_ARGUMENT,
                "Expected units metal or real but found units %s: change the script's units command",
                units == NULL ? "unknown" : units);
  }
  char group[name_size];
  made->ranks = lammps.extract_setting(lmp, "world_size");
  int status = find_group(lmp, made->fix, group);
  if (status == SPK_OK) status = check_ranks(made, address, group);
  if (status != SPK_OK || strcmp(group, "all") == 0) return status;
  char command[2 * name_size + 64];
  snprintf(made->membership, sizeof made->membership, "spookynet_group_%s", made->fix);
  snprintf(command, sizeof command, "variable %s atom gmask(%s)", made->membership, group);
  lammps.command(lmp, command);
  return SPK_OK;
}

/* --- one evaluation ------------------------------------------------------------------------------------------- */

static int64_t id_at(const void *ids, bool is_wide, int at) {
  return is_wide ? ((const int64_t *)ids)[at] : ((const int32_t *)ids)[at];
}

static int reserve(attachment *to, int atoms) {
  if (atoms <= to->capacity) return SPK_OK;
  size_t count = (size_t)atoms;
  int *order = realloc(to->order, count * sizeof *order);
  if (order != NULL) to->order = order;
  int *numbers = realloc(to->numbers, count * sizeof *numbers);
  if (numbers != NULL) to->numbers = numbers;
  double *positions = realloc(to->positions, 3 * count * sizeof *positions);
  if (positions != NULL) to->positions = positions;
  double *forces = realloc(to->forces, 3 * count * sizeof *forces);
  if (forces != NULL) to->forces = forces;
  if (order == NULL || numbers == NULL || positions == NULL || forces == NULL) return out_of_memory();
  to->capacity = atoms;
  return SPK_OK;
}

/* An atom's ID and where it is. */
typedef struct place {
  int64_t id;
  int at;
} place;

static int by_id(const void *a, const void *b) {
  int64_t first = ((const place *)a)->id, second = ((const place *)b)->id;
  return (first > second) - (first < second);
}

/* Whether the order still holds all members, by ascending ID. */
static bool is_ordered(const attachment *to, const void *ids, bool is_wide, const double *members, int local,
                       int count) {
  if (to->atoms != count) return false;
  for (int k = 0; k < count; k++) {
    int at = to->order[k];
    if (at >= local || (members != NULL && members[at] == 0)) return false;
    if (k > 0 && id_at(ids, is_wide, to->order[k - 1]) >= id_at(ids, is_wide, at)) return false;
  }
  return true;
}

/* LAMMPS sorts its atoms by place now and then: finds the group's by ID again, where they have changed. */
static int sort_atoms(attachment *to, const void *ids, const double *members, int local, int count) {
  bool is_wide = lammps.extract_setting(to->lmp, "tagint") == 8;
  if (count == 0) return fail(SPK_ERROR_ARGUMENT, "Expected atoms in the group of the fix %s but found none", to->fix);
  if (is_ordered(to, ids, is_wide, members, local, count)) return SPK_OK;
  if (reserve(to, count) != SPK_OK) return SPK_ERROR_MEMORY;
  place *places = malloc((size_t)count * sizeof *places);
  if (places == NULL) return out_of_memory();
  for (int i = 0, k = 0; i < local; i++) {
    if (members != NULL && members[i] == 0) continue;
    places[k++] = (place){id_at(ids, is_wide, i), i};
  }
  qsort(places, (size_t)count, sizeof *places, by_id);
  for (int k = 0; k < count; k++) to->order[k] = places[k].at;
  free(places);
  return SPK_OK;
}

/* Tells the server the elements, if they are other ones than before. The types are those of the atoms in `order`, or of
 * all atoms where that is NULL. */
static int update_system(attachment *to, int count, const int *types, const int *order) {
  bool is_same = to->atoms == count;
  for (int k = 0; k < count; k++) {
    int type = types[order == NULL ? k : order[k]];
    if (type < 1 || type > to->types) {
      return fail(SPK_ERROR_ARGUMENT,
                  "Expected the elements of all atom types in the group of the fix %s but found %d, and an atom of "
                  "type %d: name the elements of types 1 to %d",
                  to->fix, to->types, type, type);
    }
    int number = to->elements[type - 1];
    if (is_same && to->numbers[k] == number) continue;
    is_same = false;
    to->numbers[k] = number;
  }
  to->atoms = count;
  if (is_same) return SPK_OK;
  int status = spk_set_system(to->calc, count, to->numbers, to->charge, to->unpaired);
  return status == SPK_OK ? SPK_OK : fail(status, "%s", spk_error_message(to->calc));
}

static int atoms_have_left(double all, int found) {
  return fail(SPK_ERROR_ARGUMENT,
              "Expected all of LAMMPS' %.0f atoms but found %d, the others have left the box: take a larger box, a "
              "shorter timestep, or boundary s or p",
              all, found);
}

/* One rank: picks the group's atoms. */
static int collect(attachment *to, int local, const void *ids, double **positions) {
  double all = lammps.get_natoms(to->lmp), *members = NULL;
  if (local != all) return atoms_have_left(all, local);
  const int *types = lammps.extract_atom(to->lmp, "type");
  if (ids == NULL || types == NULL) {
    return fail(SPK_ERROR_ARGUMENT, "Expected atoms with IDs but found none: leave out atom_modify id no");
  }
  if (to->membership[0] != '\0') {
    members = lammps.extract_variable(to->lmp, to->membership, "all");
    if (members == NULL) {
      return fail(SPK_ERROR_ARGUMENT, "Expected the variable %s but LAMMPS has none: attach to the fix again",
                  to->membership);
    }
  }
  int count = 0;
  for (int i = 0; i < local; i++) count += members == NULL || members[i] != 0;
  int status = sort_atoms(to, ids, members, local, count);
  lammps.release(members);
  if (status == SPK_OK) status = update_system(to, count, types, to->order);
  if (status != SPK_OK) return status;
  for (int k = 0; k < count; k++) memcpy(&to->positions[3 * k], positions[to->order[k]], 3 * sizeof(double));
  return SPK_OK;
}

/* Several ranks: gathers all atoms by ID on each of them. LAMMPS leaves gaps of zeros where atoms are missing, and
 * everything where IDs do not go from 1 to the number of atoms. */
static int gather(attachment *to) {
  double all = lammps.get_natoms(to->lmp);
  if (!(all >= 1 && all <= 1e8)) {
    return fail(SPK_ERROR_ARGUMENT, "Expected 1 to 100 million atoms but found %.0f", all);
  }
  int count = (int)all, found = 0;
  if (reserve(to, count) != SPK_OK) return SPK_ERROR_MEMORY;
  memset(to->order, 0, (size_t)count * sizeof *to->order);
  lammps.gather_atoms(to->lmp, "type", lammps_integer, 1, to->order);
  lammps.gather_atoms(to->lmp, "x", lammps_double, 3, to->positions);
  for (int k = 0; k < count; k++) found += to->order[k] > 0;
  if (found == 0) {
    return fail(SPK_ERROR_ARGUMENT,
                "Expected %d atoms with the IDs 1 to %d on %d MPI ranks but found others: they have left the box, or "
                "the IDs have gaps (put reset_atom_ids before the fix)",
                count, count, to->ranks);
  }
  if (found < count) return atoms_have_left(all, found);
  return update_system(to, count, to->order, NULL);
}

/* Gives the atoms of this rank their forces. */
static void distribute(const attachment *to, int local, const void *ids, double **forces) {
  bool is_wide = lammps.extract_setting(to->lmp, "tagint") == 8;
  int count = to->ranks > 1 ? local : to->atoms;
  for (int k = 0; k < count; k++) {
    int64_t from = to->ranks > 1 ? id_at(ids, is_wide, k) - 1 : k;
    double *force = forces[to->ranks > 1 ? k : to->order[k]];
    for (int axis = 0; axis < 3; axis++) force[axis] = to->energy_unit * to->forces[3 * from + axis];
  }
}

static int evaluate(attachment *to, int local, const void *ids, double **positions, double **forces, double *energy,
                    double virial[6]) {
  int status = to->ranks > 1 ? gather(to) : collect(to, local, ids, positions);
  if (status != SPK_OK) return status;
  double low[3], high[3], xy, yz, xz;
  int periodic[3], changes;
  lammps.extract_box(to->lmp, low, high, &xy, &yz, &xz, periodic, &changes);
  const double cell[9] = {high[0] - low[0], 0, 0, xy, high[1] - low[1], 0, xz, yz, high[2] - low[2]};
  bool repeats = periodic[0] || periodic[1] || periodic[2];
  double tensor[9];
  spk_set_periodic(to->calc, periodic[0], periodic[1], periodic[2]);
  status = spk_compute(to->calc, to->positions, repeats ? cell : NULL, energy, to->forces, tensor, NULL, NULL, NULL);
  if (status != SPK_OK) return fail(status, "%s", spk_error_message(to->calc));
  *energy *= to->energy_unit;
  distribute(to, local, ids, forces);
  static const int order[6] = {0, 4, 8, 1, 2, 5}; /* xx yy zz xy xz yz */
  for (int k = 0; k < 6; k++) virial[k] = to->energy_unit * tensor[order[k]];
  return SPK_OK;
}

/* --- errors in a step ----------------------------------------------------------------------------------------- */

/* Ends the process, as LAMMPS' own program does after an error. An error that a library call raises does not reach that
 * program: LAMMPS would go on with forces of zero. */
static void stop(void *lmp) {
  char text[message_size + 16];
  snprintf(text, sizeof text, "SpookyNet: %s", last_message);
  fflush(stdout);
  fprintf(stderr, "ERROR: %s\n", text);
  if (lammps.error != NULL) lammps.error(lmp, lammps_warning, text); /* for the log file */
  /* Collective: other ranks might keep it waiting, and mpirun ends them. */
  if (lammps.extract_setting(lmp, "universe_size") <= 1) lammps.mpi_finalize();
  exit(EXIT_FAILURE);
}

static void serve_step(void *pointer, int64_t step, int local, void *ids, double **positions, double **forces) {
  attachment *to = pointer;
  double energy = 0, virial[6] = {0};
  (void)step;
  for (int i = 0; i < local; i++) memset(forces[i], 0, 3 * sizeof(double));
  if (evaluate(to, local, ids, positions, forces, &energy, virial) != SPK_OK) stop(to->lmp);
  /* LAMMPS keeps both until they are set again. */
  lammps.set_energy(to->lmp, to->fix, energy);
  lammps.set_virial(to->lmp, to->fix, virial);
}

/* --- the interface -------------------------------------------------------------------------------------------- */

static void free_attachment(attachment *old) {
  spk_close(&old->calc);
  free(old->order);
  free(old->numbers);
  free(old->positions);
  free(old->forces);
  free(old);
}

/* Puts an attachment in the place of one to the same fix. */
static void keep(attachment *made) {
  made->next = attachments;
  attachments = made;
  for (attachment **at = &made->next; *at != NULL; at = &(*at)->next) {
    attachment *old = *at;
    if (old->lmp != made->lmp || strcmp(old->fix, made->fix) != 0) continue;
    *at = old->next;
    free_attachment(old);
    return;
  }
}

/* Ends the servers that were started when the process ends, or LAMMPS unloads the plugin. */
__attribute__((destructor)) static void close_all(void) {
  while (attachments != NULL) {
    attachment *old = attachments;
    attachments = old->next;
    free_attachment(old);
  }
}

static int attach(void *lmp, const char *fix, const settings *read) {
  attachment *made = calloc(1, sizeof *made);
  if (made == NULL) return out_of_memory();
  made->lmp = lmp;
  snprintf(made->fix, sizeof made->fix, "%s", fix);
  int status = apply_settings(made, read);
  if (status == SPK_OK) status = check_lammps(made, read->address);
  if (status == SPK_OK) {
    status = spk_open(&made->calc, read->address, read->others);
    if (status != SPK_OK) fail(status, "%s", spk_last_error());
  }
  if (status != SPK_OK) {
    free_attachment(made);
    return status;
  }
  lammps.set_callback(lmp, made->fix, serve_step, made);
  keep(made);
  return SPK_OK;
}

int spk_lammps_attach(void *lmp, const char *fix_id, const char *options) {
  if (lmp == NULL || fix_id == NULL || *fix_id == '\0' || strlen(fix_id) >= name_size) {
    return fail(SPK_ERROR_ARGUMENT, "Expected LAMMPS and the ID of a fix but found %s", lmp == NULL ? "NULL" : "none");
  }
  settings read = {0};
  int status = find_lammps();
  if (status == SPK_OK) status = read_settings(&read, options == NULL ? "" : options);
  if (status == SPK_OK && read.fix != NULL && strcmp(read.fix, fix_id) != 0) {
    status = fail(SPK_ERROR_ARGUMENT, "Expected one fix but found %.100s and the option fix=%.100s", fix_id, read.fix);
  }
  if (status == SPK_OK) status = attach(lmp, fix_id, &read);
  free_settings(&read);
  return status;
}

const char *spk_lammps_message(void) {
  return last_message;
}

static int options_of_script(void *lmp, const char **options) {
  static const char how[] = "variable spookynet string \"elements=O,H address=unix:/path\"";
  bool is_text = lammps.has_id(lmp, "variable", "spookynet") == 1 &&
                 (lammps.extract_variable_datatype == NULL ||
                  lammps.extract_variable_datatype(lmp, "spookynet") == lammps_string_variable);
  *options = is_text ? lammps.extract_variable(lmp, "spookynet", NULL) : NULL;
  if (*options != NULL) return SPK_OK;
  return fail(SPK_ERROR_ARGUMENT, "Expected the plugin's options in a string variable but found none: put %s before",
              how);
}

void lammpsplugin_init(void *lmp, void *handle, void *registration) {
  (void)handle;
  (void)registration;
  const char *options;
  settings read = {0};
  int status = find_lammps();
  if (status != SPK_OK) {
    fprintf(stderr, "ERROR: SpookyNet: %s\n", last_message);
    exit(EXIT_FAILURE);
  }
  status = options_of_script(lmp, &options);
  if (status == SPK_OK) status = read_settings(&read, options);
  if (status == SPK_OK) status = spk_lammps_attach(lmp, read.fix == NULL ? "spookynet" : read.fix, options);
  free_settings(&read);
  if (status != SPK_OK) stop(lmp);
}
