/*
 * overhead ADDRESS CALLS: time of a call for energy and forces of 100 atoms, microseconds: the median and the quickest.
 */
#define _POSIX_C_SOURCE 200809L
#include <spookynet.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { atoms = 100 };

static double microseconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return 1e6 * (double)time.tv_sec + 1e-3 * (double)time.tv_nsec;
}

static int compare(const void *a, const void *b) {
  double difference = *(const double *)a - *(const double *)b;
  return (difference > 0) - (difference < 0);
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  int calls = atoi(arguments[2]), numbers[atoms];
  double positions[3 * atoms], forces[3 * atoms], energy, *times = malloc((size_t)calls * sizeof *times);
  for (int k = 0; k < atoms; k++) numbers[k] = 6;
  for (int k = 0; k < 3 * atoms; k++) positions[k] = k;
  spk_calculator *calc;
  if (spk_open(&calc, arguments[1], NULL) != SPK_OK || spk_set_system(calc, atoms, numbers, 0, 0) != SPK_OK) return 1;
  for (int k = 0; k < calls; k++) {
    double start = microseconds();
    if (spk_compute(calc, positions, NULL, &energy, forces, NULL, NULL, NULL, NULL) != SPK_OK) return 1;
    times[k] = microseconds() - start;
  }
  qsort(times, (size_t)calls, sizeof *times, compare);
  printf("%.1f %.1f\n", times[calls / 2], times[0]);
  spk_close(&calc);
  free(times);
  return 0;
}
