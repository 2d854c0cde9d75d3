/*
 * threads ADDRESS OPTIONS: two threads, each with a calculator of its own and a molecule of its own, compute again and
 * again; prints how many energies differ from the thread's first, and both energies.
 */
#include <spookynet.h>

#include <pthread.h>
#include <stdio.h>

typedef struct job {
  const char *address, *options;
  int atoms;
  double energy;
  int failures, differences;
} job;

static void *work(void *argument) {
  job *job = argument;
  const int numbers[] = {8, 1, 1};
  double positions[9] = {0, 0, 0, 0, 0.76, -0.6, 0, -0.76, -0.6}, energy;
  spk_calculator *calc;
  job->failures += spk_open(&calc, job->address, job->options) != SPK_OK;
  job->failures += spk_set_system(calc, job->atoms, numbers, job->atoms == 2 ? -1 : 0, 0) != SPK_OK;
  for (int k = 0; k < 100 && job->failures == 0; k++) {
    job->failures += spk_compute(calc, positions, NULL, &energy, NULL, NULL, NULL, NULL, NULL) != SPK_OK;
    if (k == 0) job->energy = energy;
    job->differences += energy != job->energy;
  }
  if (job->failures != 0) printf("%s\n", spk_last_error());
  spk_close(&calc);
  return NULL;
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  job jobs[2] = {{arguments[1], arguments[2], 3, 0, 0, 0}, {arguments[1], arguments[2], 2, 0, 0, 0}};
  pthread_t threads[2];
  for (int k = 0; k < 2; k++) pthread_create(&threads[k], NULL, work, &jobs[k]);
  for (int k = 0; k < 2; k++) pthread_join(threads[k], NULL);
  for (int k = 0; k < 2; k++) printf("%d %d %.17g\n", jobs[k].failures, jobs[k].differences, jobs[k].energy);
  return 0;
}
