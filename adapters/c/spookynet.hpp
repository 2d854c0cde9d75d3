/*
 * libspookynet for C++11 and later, in this header alone: a calculator that closes itself, vectors, and exceptions in
 * place of codes. Addresses, options, units and signs are those of spookynet.h.
 *
 *     spookynet::Calculator calculator("spawn:");
 *     calculator.set_system({8, 1, 1});
 *     const spookynet::Result result = calculator.compute(positions, spookynet::forces | spookynet::charges);
 *
 * One thread a calculator at a time; different calculators are independent.
 */
#ifndef SPOOKYNET_HPP
#define SPOOKYNET_HPP

#include "spookynet.h"

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace spookynet {

/* What a call that fails throws: its text, and the code of spookynet.h. */
class Error : public std::runtime_error {
 public:
  Error(int code, const std::string &message) : std::runtime_error(message), code_(code) {}
  int code() const noexcept { return code_; }

 private:
  int code_;
};

/* What to compute besides the energy; joined by |. */
enum Wanted : unsigned { energy_only = 0, forces = 1, virial = 2, charges = 4, dipole = 8, atomic_energies = 16 };
inline Wanted operator|(Wanted a, Wanted b) {
  return static_cast<Wanted>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}

/* Of one structure; vectors are empty where something was not wanted. */
struct Result {
  double energy = 0;
  std::vector<double> forces;          /* [N][3] */
  std::vector<double> virial;          /* [3][3], -dE/d(strain) */
  std::vector<double> charges;         /* [N] */
  std::vector<double> dipole;          /* [3] */
  std::vector<double> atomic_energies; /* [N] */
};

/* Of several structures, one after another. */
struct Results {
  std::vector<double> energies;        /* [M] */
  std::vector<double> forces;          /* [M][N][3] */
  std::vector<double> virials;         /* [M][3][3] */
  std::vector<double> charges;         /* [M][N] */
  std::vector<double> dipoles;         /* [M][3] */
  std::vector<double> atomic_energies; /* [M][N] */
};

/* Cell vectors a, b, c in rows. */
using Cell = std::array<double, 9>;

/* A connection with its system and units. It can be moved, not copied. */
class Calculator {
 public:
  /* As spk_open; without an address, that of SPOOKYNET_ADDRESS. */
  explicit Calculator(const std::string &address = "", const std::string &options = "") {
    const int status = spk_open(&handle_, address.c_str(), options.c_str());
    if (status != SPK_OK) throw Error(status, spk_last_error());
  }
  ~Calculator() { spk_close(&handle_); }
  Calculator(const Calculator &) = delete;
  Calculator &operator=(const Calculator &) = delete;
  Calculator(Calculator &&other) noexcept : handle_(other.handle_), atoms_(other.atoms_) { other.handle_ = nullptr; }
  Calculator &operator=(Calculator &&other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(atoms_, other.atoms_);
    return *this;
  }

  /* Says what does not change from step to step: atomic numbers, total charge (e), unpaired electrons. */
  void set_system(const std::vector<int> &numbers, double charge = 0, int unpaired = 0) {
    atoms_ = numbers.size();
    check(spk_set_system(handle_, static_cast<int>(atoms_), numbers.data(), charge, unpaired));
  }

  /* Says along which cell vectors structures with a cell repeat; all three until this is called. */
  void set_periodic(bool a, bool b, bool c) { check(spk_set_periodic(handle_, a, b, c)); }

  /* Computes one structure, [N][3] positions, in free space. */
  Result compute(const std::vector<double> &positions, Wanted wanted = spookynet::forces) {
    return single(positions, nullptr, wanted);
  }

  /* Computes one structure that repeats with a cell. */
  Result compute(const std::vector<double> &positions, const Cell &cell, Wanted wanted = spookynet::forces) {
    return single(positions, cell.data(), wanted);
  }

  /* Computes several structures of the system together: [M][N][3] positions, [M][3][3] cells or none. */
  Results compute_many(const std::vector<double> &positions, const std::vector<double> &cells = {},
                       Wanted wanted = spookynet::forces) {
    const std::size_t many = atoms_ == 0 ? 1 : positions.size() / (3 * atoms_);
    expect_size(positions, 3 * atoms_ * many, "positions");
    if (!cells.empty()) expect_size(cells, 9 * many, "cells");
    return run(many, positions.data(), cells.empty() ? nullptr : cells.data(), wanted);
  }

  /* The Hessian, [3N][3N], of one structure in free space or, with a cell, of one that repeats. */
  std::vector<double> compute_hessian(const std::vector<double> &positions, const Cell *cell = nullptr) {
    expect_size(positions, 3 * atoms_, "positions");
    std::vector<double> hessian(9 * atoms_ * atoms_);
    check(spk_compute_hessian(handle_, positions.data(), cell == nullptr ? nullptr : cell->data(), hessian.data()));
    return hessian;
  }

  std::string model() const { return spk_model(handle_); }
  std::string device() const { return spk_device(handle_); }

  /* The handle, for functions of spookynet.h; it stays this object's. */
  spk_calculator *handle() const noexcept { return handle_; }

 private:
  spk_calculator *handle_ = nullptr;
  std::size_t atoms_ = 0;

  void check(int status) const {
    if (status != SPK_OK) throw Error(status, spk_error_message(handle_));
  }

  void expect_size(const std::vector<double> &values, std::size_t expected, const char *name) const {
    if (values.size() == expected || atoms_ == 0) return;
    throw Error(SPK_ERROR_ARGUMENT, "Expected " + std::to_string(expected) + " numbers as " + name + " but found " +
                                        std::to_string(values.size()));
  }

  Result single(const std::vector<double> &positions, const double *cell, Wanted wanted) {
    expect_size(positions, 3 * atoms_, "positions");
    Results all = run(1, positions.data(), cell, wanted);
    Result result;
    result.energy = all.energies[0];
    result.forces = std::move(all.forces);
    result.virial = std::move(all.virials);
    result.charges = std::move(all.charges);
    result.dipole = std::move(all.dipoles);
    result.atomic_energies = std::move(all.atomic_energies);
    return result;
  }

  Results run(std::size_t many, const double *positions, const double *cells, Wanted wanted) {
    Results results;
    results.energies.resize(many);
    if (wanted & spookynet::forces) results.forces.resize(3 * atoms_ * many);
    if (wanted & spookynet::virial) results.virials.resize(9 * many);
    if (wanted & spookynet::charges) results.charges.resize(atoms_ * many);
    if (wanted & spookynet::dipole) results.dipoles.resize(3 * many);
    if (wanted & spookynet::atomic_energies) results.atomic_energies.resize(atoms_ * many);
    check(spk_compute_many(handle_, static_cast<int>(many), positions, cells, results.energies.data(),
                           data_of(results.forces), data_of(results.virials), data_of(results.atomic_energies),
                           data_of(results.charges), data_of(results.dipoles)));
    return results;
  }

  static double *data_of(std::vector<double> &values) { return values.empty() ? nullptr : values.data(); }
};

} // namespace spookynet

#endif
