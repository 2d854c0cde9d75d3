// What evaluate.c does, with spookynet.hpp.
#include <spookynet.hpp>

#include <cstdio>
#include <iostream>

template <typename T>
static std::vector<T> read(std::size_t count) {
  std::vector<T> values(count);
  for (T &value : values) std::cin >> value;
  return values;
}

static void print(const std::vector<double> &values) {
  for (double value : values) std::printf("%.17g\n", value);
}

int main(int, char **arguments) {
  std::size_t atoms, structures;
  double charge;
  int unpaired, periodic;
  std::cin >> atoms >> charge >> unpaired >> structures >> periodic;
  const auto numbers = read<int>(atoms);
  const auto cells = read<double>(periodic ? 9 * structures : 0);
  const auto positions = read<double>(3 * atoms * structures);
  try {
    spookynet::Calculator opened(arguments[1], arguments[2]);
    spookynet::Calculator calculator = std::move(opened);
    calculator.set_system(numbers, charge, unpaired);
    calculator.set_periodic(periodic & 1, periodic & 2, periodic & 4);
    const auto results = calculator.compute_many(
        positions, cells,
        spookynet::forces | spookynet::virial | spookynet::charges | spookynet::dipole | spookynet::atomic_energies);
    print(results.energies);
    print(results.forces);
    print(results.virials);
    print(results.charges);
    print(results.dipoles);
    print(results.atomic_energies);
  } catch (const spookynet::Error &error) {
    std::printf("%d %s\n", error.code(), error.what());
  }
}
