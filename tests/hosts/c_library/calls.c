/*
 * calls ADDRESS OPTIONS ROUNDS COMPUTATIONS: opens a calculator, says a system of three atoms, computes and closes, and
 * prints for each call its code, how long it took (ms) and its message. It ends with 3 if a file was left open. A timer's
 * signal interrupts every wait, as hosts with profilers or checkpoints have them.
 */
#define _XOPEN_SOURCE 700
#include <spookynet.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static double milliseconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return 1e3 * (double)time.tv_sec + 1e-6 * (double)time.tv_nsec;
}

static int open_files(void) {
  int count = 0;
  for (int k = 0; k < 100; k++) count += fcntl(k, F_GETFD) != -1;
  return count;
}

static double start;

static void ignore(int number) {
  (void)number;
}

static void start_timer(void) {
  struct sigaction action = {.sa_handler = ignore, .sa_flags = SA_RESTART};
  struct itimerval interval = {{0, 3000}, {0, 3000}};
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &interval, NULL);
}

static int report(const char *call, int status, const char *message) {
  printf("%s\t%d\t%.0f\t%s\n", call, status, milliseconds() - start, status == SPK_OK ? "" : message);
  fflush(stdout);
  start = milliseconds();
  return status;
}

int main(int count, char **arguments) {
  if (count != 5) return 2;
  int before = open_files();
  start_timer();
  for (int round = 0; round < atoi(arguments[3]); round++) {
    spk_calculator *calc;
    start = milliseconds();
    if (report("open", spk_open(&calc, arguments[1], arguments[2]), spk_last_error()) == SPK_OK) {
      report("system", spk_set_system(calc, 3, (const int[]){8, 1, 1}, 0, 0), spk_error_message(calc));
      double positions[9] = {0, 0, 0, 0, 0.76, -0.6, 0, -0.76, -0.6}, forces[9], energy;
      for (int k = 0; k < atoi(arguments[4]); k++) {
        int status = spk_compute(calc, positions, NULL, &energy, forces, NULL, NULL, NULL, NULL);
        report("compute", status, spk_error_message(calc));
      }
    }
    spk_close(&calc);
    spk_close(&calc);
  }
  return open_files() == before ? 0 : 3;
}
