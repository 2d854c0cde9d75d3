/*
 * restart OPTIONS: a calculator whose server, which it has started itself, is killed between two calls: prints the codes
 * of a call before, of the next, and of the one after that.
 */
#define _POSIX_C_SOURCE 200809L
#include <spookynet.h>

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void kill_child(void) {
  char path[64];
  int child = 0;
  snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
  FILE *children = fopen(path, "r");
  if (children == NULL) return;
  if (fscanf(children, "%d", &child) == 1) kill(child, SIGKILL);
  fclose(children);
}

int main(int count, char **arguments) {
  if (count != 2) return 2;
  double positions[9] = {0, 0, 0, 0, 0.76, -0.6, 0, -0.76, -0.6}, energy;
  spk_calculator *calc;
  if (spk_open(&calc, "spawn:", arguments[1]) != SPK_OK) return 1;
  if (spk_set_system(calc, 3, (const int[]){8, 1, 1}, 0, 0) != SPK_OK) return 1;
  for (int k = 0; k < 3; k++) {
    if (k == 1) kill_child();
    printf("%d ", spk_compute(calc, positions, NULL, &energy, NULL, NULL, NULL, NULL, NULL));
  }
  spk_close(&calc);
  return 0;
}
