/*
 * evaluate ADDRESS OPTIONS: computes what it reads and prints every number that comes back, one a line: energies, forces,
 * virials, charges, dipoles, atomic energies. Input: atoms, charge, unpaired electrons, structures, along which cell
 * vectors they repeat (a sum of 1, 2, 4; 0: no cells); atomic numbers; cells; positions. A call that fails is printed as its code and message.
 */
#include <spookynet.h>

#include <stdio.h>
#include <stdlib.h>

static double *array(size_t count) {
  return malloc(count * sizeof(double));
}

static double *read_array(size_t count) {
  double *values = array(count);
  for (size_t k = 0; k < count; k++) if (scanf("%lf", &values[k]) != 1) exit(2);
  return values;
}

static void print(const double *values, size_t count) {
  for (size_t k = 0; k < count; k++) printf("%.17g\n", values[k]);
}

static int report(int status, const char *message) {
  if (status != SPK_OK) printf("%d %s\n", status, message);
  return status;
}

int main(int count, char **arguments) {
  int atoms, unpaired, structures, periodic;
  double charge;
  if (count != 3 || scanf("%d %lf %d %d %d", &atoms, &charge, &unpaired, &structures, &periodic) != 5) return 2;
  size_t n = (size_t)atoms, m = (size_t)structures;
  int *numbers = malloc(n * sizeof *numbers);
  for (size_t k = 0; k < n; k++) if (scanf("%d", &numbers[k]) != 1) return 2;
  double *cells = periodic ? read_array(9 * m) : NULL, *positions = read_array(3 * n * m);
  double *energies = array(m), *forces = array(3 * n * m), *virials = array(9 * m);
  double *charges = array(n * m), *dipoles = array(3 * m), *atomic_energies = array(n * m);

  spk_calculator *calc;
  int status = report(spk_open(&calc, arguments[1], arguments[2]), spk_last_error());
  if (status == SPK_OK) {
    status = report(spk_set_system(calc, atoms, numbers, charge, unpaired), spk_error_message(calc));
  }
  if (status == SPK_OK) {
    status = report(spk_set_periodic(calc, periodic & 1, periodic & 2, periodic & 4), spk_error_message(calc));
  }
  if (status == SPK_OK) {
    status = report(spk_compute_many(calc, structures, positions, cells, energies, forces, virials, atomic_energies,
                                     charges, dipoles),
                    spk_error_message(calc));
  }
  if (status == SPK_OK) {
    print(energies, m);
    print(forces, 3 * n * m);
    print(virials, 9 * m);
    print(charges, n * m);
    print(dipoles, 3 * m);
    print(atomic_energies, n * m);
  }
  spk_close(&calc);
  double *arrays[] = {cells, positions, energies, forces, virials, charges, dipoles, atomic_energies};
  for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) free(arrays[k]);
  free(numbers);
  return 0;
}
