/*
 * leave OPTIONS: a program that starts a server and ends without closing its calculator.
 */
#include <spookynet.h>

static spk_calculator *calc;

int main(int count, char **arguments) {
  return count == 2 && spk_open(&calc, "spawn:", arguments[1]) == SPK_OK ? 0 : 1;
}
