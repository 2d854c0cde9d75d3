!> libspookynet for Fortran 2008: energies, forces and virials of the SpookyNet potential.
!>
!>     use spookynet
!>     type(spookynet_calculator) :: calculator
!>     call calculator%open("spawn:")
!>     call calculator%set_system([8, 1, 1])
!>     call calculator%compute(positions, energy, forces=forces)
!>     call calculator%close()
!>
!> Addresses, options, units and signs are those of spookynet.h. An array of C with rows of three numbers is one with
!> columns of three here: positions(3, n), and the cell's vectors a, b, c are columns of cell(3, 3).
!>
!> As with allocate, every call takes an optional `status` (0: done; else one of the codes below, and `message` says
!> more); without it an error stops the program. A variable is not to be copied to another: both would be the same
!> connection.
module spookynet
  use, intrinsic :: iso_c_binding, only: c_char, c_double, c_f_pointer, c_int, c_loc, c_null_char, c_null_ptr, c_ptr, &
    c_size_t
  use, intrinsic :: iso_fortran_env, only: error_unit
  implicit none
  private

  public :: spookynet_calculator, spookynet_version

  integer, parameter, public :: spookynet_ok = 0
  integer, parameter, public :: spookynet_error_malformed = 1
  integer, parameter, public :: spookynet_error_version = 2
  integer, parameter, public :: spookynet_error_token = 3
  integer, parameter, public :: spookynet_error_limit = 4
  integer, parameter, public :: spookynet_error_order = 5
  integer, parameter, public :: spookynet_error_structure = 6
  integer, parameter, public :: spookynet_error_failed = 7
  integer, parameter, public :: spookynet_error_closing = 8
  integer, parameter, public :: spookynet_error_argument = 16
  integer, parameter, public :: spookynet_error_memory = 17
  integer, parameter, public :: spookynet_error_connect = 20
  integer, parameter, public :: spookynet_error_lost = 21
  integer, parameter, public :: spookynet_error_timeout = 22
  integer, parameter, public :: spookynet_error_reply = 23
  integer, parameter, public :: spookynet_error_spawn = 24

  !> A connection with its system and units.
  type :: spookynet_calculator
    private
    type(c_ptr) :: handle = c_null_ptr
    integer :: atoms = 0
    character(:), allocatable :: own_message
  contains
    !> open(address, options, status): both texts are optional; see spk_open.
    procedure :: open => calculator_open
    !> close(): ends the connection, and the server if it was started for this; does nothing twice.
    procedure :: close => calculator_close
    !> set_system(numbers, charge, unpaired, status): atomic numbers, total charge in e and unpaired electrons, both 0
    !> unless given.
    procedure :: set_system => calculator_set_system
    !> set_periodic(a, b, c, status): along which cell vectors structures repeat; all unless said.
    procedure :: set_periodic => calculator_set_periodic
    !> compute(positions(3, n), energy, cell(3, 3), forces(3, n), virial(3, 3), atomic_energies(n), charges(n),
    !> dipole(3), status): one structure; what is not there is not computed.
    procedure :: compute => calculator_compute
    !> compute_many(positions(3, n, m), energies(m), cells(3, 3, m), forces(3, n, m), virials(3, 3, m),
    !> atomic_energies(n, m), charges(n, m), dipoles(3, m), status): images or beads, computed together.
    procedure :: compute_many => calculator_compute_many
    !> compute_hessian(positions(3, n), hessian(3 n, 3 n), cell, status).
    procedure :: compute_hessian => calculator_compute_hessian
    !> message(): what the last call that failed has to say.
    procedure :: message => calculator_message
    !> model(), device(): names, as the server says.
    procedure :: model => calculator_model
    procedure :: device => calculator_device
  end type spookynet_calculator

  interface
    function spk_open(calculator, address, options) bind(c) result(status)
      import :: c_char, c_int, c_ptr
      type(c_ptr), intent(out) :: calculator
      character(kind=c_char), intent(in) :: address(*), options(*)
      integer(c_int) :: status
    end function spk_open

    function spk_close(calculator) bind(c) result(status)
      import :: c_int, c_ptr
      type(c_ptr), intent(inout) :: calculator
      integer(c_int) :: status
    end function spk_close

    function spk_set_system(calculator, atoms, numbers, charge, unpaired) bind(c) result(status)
      import :: c_double, c_int, c_ptr
      type(c_ptr), value :: calculator
      integer(c_int), value :: atoms, unpaired
      integer(c_int), intent(in) :: numbers(*)
      real(c_double), value :: charge
      integer(c_int) :: status
    end function spk_set_system

    function spk_set_periodic(calculator, a, b, c) bind(c) result(status)
      import :: c_int, c_ptr
      type(c_ptr), value :: calculator
      integer(c_int), value :: a, b, c
      integer(c_int) :: status
    end function spk_set_periodic

    function spk_compute_many(calculator, structures, positions, cells, energies, forces, virials, atomic_energies, &
      charges, dipoles) bind(c) result(status)
      import :: c_int, c_ptr
      type(c_ptr), value :: calculator, positions, cells, energies, forces, virials, atomic_energies, charges, dipoles
      integer(c_int), value :: structures
      integer(c_int) :: status
    end function spk_compute_many

    function spk_compute_hessian(calculator, positions, cell, hessian) bind(c) result(status)
      import :: c_int, c_ptr
      type(c_ptr), value :: calculator, positions, cell, hessian
      integer(c_int) :: status
    end function spk_compute_hessian

    function spk_error_message(calculator) bind(c) result(text)
      import :: c_ptr
      type(c_ptr), value :: calculator
      type(c_ptr) :: text
    end function spk_error_message

    function spk_model(calculator) bind(c) result(text)
      import :: c_ptr
      type(c_ptr), value :: calculator
      type(c_ptr) :: text
    end function spk_model

    function spk_device(calculator) bind(c) result(text)
      import :: c_ptr
      type(c_ptr), value :: calculator
      type(c_ptr) :: text
    end function spk_device

    function spk_version() bind(c) result(text)
      import :: c_ptr
      type(c_ptr) :: text
    end function spk_version

    function strlen(text) bind(c) result(length)
      import :: c_ptr, c_size_t
      type(c_ptr), value :: text
      integer(c_size_t) :: length
    end function strlen
  end interface

contains

  subroutine calculator_open(self, address, options, status)
    class(spookynet_calculator), intent(inout) :: self
    character(*), intent(in), optional :: address, options
    integer, intent(out), optional :: status
    call self%close()
    call finish(self, int(spk_open(self%handle, c_text(address), c_text(options))), status)
  end subroutine calculator_open

  subroutine calculator_close(self)
    class(spookynet_calculator), intent(inout) :: self
    integer :: ignored
    ignored = int(spk_close(self%handle))
    self%atoms = 0
  end subroutine calculator_close

  subroutine calculator_set_system(self, numbers, charge, unpaired, status)
    class(spookynet_calculator), intent(inout) :: self
    integer, intent(in) :: numbers(:)
    real(c_double), intent(in), optional :: charge
    integer, intent(in), optional :: unpaired
    integer, intent(out), optional :: status
    real(c_double) :: total_charge
    integer(c_int) :: electrons
    total_charge = 0
    electrons = 0
    if (present(charge)) total_charge = charge
    if (present(unpaired)) electrons = int(unpaired, c_int)
    self%atoms = size(numbers)
    call finish(self, int(spk_set_system(self%handle, int(size(numbers), c_int), int(numbers, c_int), total_charge, &
      electrons)), status)
  end subroutine calculator_set_system

  subroutine calculator_set_periodic(self, a, b, c, status)
    class(spookynet_calculator), intent(inout) :: self
    logical, intent(in) :: a, b, c
    integer, intent(out), optional :: status
    call finish(self, int(spk_set_periodic(self%handle, merge(1_c_int, 0_c_int, a), merge(1_c_int, 0_c_int, b), &
      merge(1_c_int, 0_c_int, c))), status)
  end subroutine calculator_set_periodic

  subroutine calculator_compute(self, positions, energy, cell, forces, virial, atomic_energies, charges, dipole, status)
    class(spookynet_calculator), intent(inout) :: self
    real(c_double), intent(in), contiguous, target :: positions(:, :)
    real(c_double), intent(out), target :: energy
    real(c_double), intent(in), contiguous, optional, target :: cell(:, :)
    real(c_double), intent(out), contiguous, optional, target :: forces(:, :), virial(:, :), atomic_energies(:), &
      charges(:), dipole(:)
    integer, intent(out), optional :: status
    type(c_ptr) :: at(6)
    logical :: fits
    at = c_null_ptr
    fits = .true.
    call require_shape(self, fits, shape(positions), [3, self%atoms], "positions")
    if (present(cell)) then
      call require_shape(self, fits, shape(cell), [3, 3], "cell")
      at(1) = c_loc(cell)
    end if
    if (present(forces)) then
      call require_shape(self, fits, shape(forces), [3, self%atoms], "forces")
      at(2) = c_loc(forces)
    end if
    if (present(virial)) then
      call require_shape(self, fits, shape(virial), [3, 3], "virial")
      at(3) = c_loc(virial)
    end if
    if (present(atomic_energies)) then
      call require_shape(self, fits, shape(atomic_energies), [self%atoms], "atomic_energies")
      at(4) = c_loc(atomic_energies)
    end if
    if (present(charges)) then
      call require_shape(self, fits, shape(charges), [self%atoms], "charges")
      at(5) = c_loc(charges)
    end if
    if (present(dipole)) then
      call require_shape(self, fits, shape(dipole), [3], "dipole")
      at(6) = c_loc(dipole)
    end if
    call run(self, fits, 1, c_loc(positions), c_loc(energy), at, status)
  end subroutine calculator_compute

  subroutine calculator_compute_many(self, positions, energies, cells, forces, virials, atomic_energies, charges, &
    dipoles, status)
    class(spookynet_calculator), intent(inout) :: self
    real(c_double), intent(in), contiguous, target :: positions(:, :, :)
    real(c_double), intent(out), contiguous, target :: energies(:)
    real(c_double), intent(in), contiguous, optional, target :: cells(:, :, :)
    real(c_double), intent(out), contiguous, optional, target :: forces(:, :, :), virials(:, :, :), &
      atomic_energies(:, :), charges(:, :), dipoles(:, :)
    integer, intent(out), optional :: status
    type(c_ptr) :: at(6)
    integer :: many
    logical :: fits
    at = c_null_ptr
    many = size(energies)
    fits = .true.
    call require_shape(self, fits, shape(positions), [3, self%atoms, many], "positions")
    if (present(cells)) then
      call require_shape(self, fits, shape(cells), [3, 3, many], "cells")
      at(1) = c_loc(cells)
    end if
    if (present(forces)) then
      call require_shape(self, fits, shape(forces), [3, self%atoms, many], "forces")
      at(2) = c_loc(forces)
    end if
    if (present(virials)) then
      call require_shape(self, fits, shape(virials), [3, 3, many], "virials")
      at(3) = c_loc(virials)
    end if
    if (present(atomic_energies)) then
      call require_shape(self, fits, shape(atomic_energies), [self%atoms, many], "atomic_energies")
      at(4) = c_loc(atomic_energies)
    end if
    if (present(charges)) then
      call require_shape(self, fits, shape(charges), [self%atoms, many], "charges")
      at(5) = c_loc(charges)
    end if
    if (present(dipoles)) then
      call require_shape(self, fits, shape(dipoles), [3, many], "dipoles")
      at(6) = c_loc(dipoles)
    end if
    call run(self, fits, many, c_loc(positions), c_loc(energies), at, status)
  end subroutine calculator_compute_many

  subroutine calculator_compute_hessian(self, positions, hessian, cell, status)
    class(spookynet_calculator), intent(inout) :: self
    real(c_double), intent(in), contiguous, target :: positions(:, :)
    real(c_double), intent(out), contiguous, target :: hessian(:, :)
    real(c_double), intent(in), contiguous, optional, target :: cell(:, :)
    integer, intent(out), optional :: status
    type(c_ptr) :: cell_at
    logical :: fits
    cell_at = c_null_ptr
    fits = .true.
    call require_shape(self, fits, shape(positions), [3, self%atoms], "positions")
    call require_shape(self, fits, shape(hessian), [3 * self%atoms, 3 * self%atoms], "hessian")
    if (present(cell)) then
      call require_shape(self, fits, shape(cell), [3, 3], "cell")
      cell_at = c_loc(cell)
    end if
    if (fits) then
      call finish(self, int(spk_compute_hessian(self%handle, c_loc(positions), cell_at, c_loc(hessian))), status)
    else
      call stop_or_return(self, spookynet_error_argument, status)
    end if
  end subroutine calculator_compute_hessian

  function calculator_message(self) result(text)
    class(spookynet_calculator), intent(in) :: self
    character(:), allocatable :: text
    text = ""
    if (allocated(self%own_message)) text = self%own_message
  end function calculator_message

  function calculator_model(self) result(text)
    class(spookynet_calculator), intent(in) :: self
    character(:), allocatable :: text
    text = fortran_text(spk_model(self%handle))
  end function calculator_model

  function calculator_device(self) result(text)
    class(spookynet_calculator), intent(in) :: self
    character(:), allocatable :: text
    text = fortran_text(spk_device(self%handle))
  end function calculator_device

  !> Version of the library that is loaded.
  function spookynet_version() result(text)
    character(:), allocatable :: text
    text = fortran_text(spk_version())
  end function spookynet_version

  !> Calls the library if the arrays fit; `at`: cells, forces, virials, atomic energies, charges, dipoles.
  subroutine run(self, fits, structures, positions, energies, at, status)
    class(spookynet_calculator), intent(inout) :: self
    logical, intent(in) :: fits
    integer, intent(in) :: structures
    type(c_ptr), intent(in) :: positions, energies, at(6)
    integer, intent(out), optional :: status
    if (fits) then
      call finish(self, int(spk_compute_many(self%handle, int(structures, c_int), positions, at(1), energies, at(2), &
        at(3), at(4), at(5), at(6))), status)
    else
      call stop_or_return(self, spookynet_error_argument, status)
    end if
  end subroutine run

  !> Makes `fits` false, and a message, unless an array is as large as the system wants it. Before there is a system the
  !> library says what is missing.
  subroutine require_shape(self, fits, found, expected, name)
    class(spookynet_calculator), intent(inout) :: self
    logical, intent(inout) :: fits
    integer, intent(in) :: found(:), expected(:)
    character(*), intent(in) :: name
    character(200) :: text
    if (all(found == expected) .or. self%atoms == 0) return
    fits = .false.
    write (text, "(3a, *(1x, i0))") "Expected ", name, " of the shape", expected
    write (text(len_trim(text) + 1:), "(a, *(1x, i0))") " but found", found
    self%own_message = trim(text)
  end subroutine require_shape

  !> Keeps the library's message where a call has failed.
  subroutine finish(self, found, status)
    class(spookynet_calculator), intent(inout) :: self
    integer, intent(in) :: found
    integer, intent(out), optional :: status
    if (found /= spookynet_ok) self%own_message = fortran_text(spk_error_message(self%handle))
    call stop_or_return(self, found, status)
  end subroutine finish

  subroutine stop_or_return(self, found, status)
    class(spookynet_calculator), intent(in) :: self
    integer, intent(in) :: found
    integer, intent(out), optional :: status
    if (present(status)) then
      status = found
    else if (found /= spookynet_ok) then
      write (error_unit, "(2a)") "spookynet: ", self%own_message
      error stop 1
    end if
  end subroutine stop_or_return

  function c_text(text)
    character(*), intent(in), optional :: text
    character(:, c_char), allocatable :: c_text
    if (present(text)) then
      c_text = trim(text) // c_null_char
    else
      c_text = c_null_char
    end if
  end function c_text

  function fortran_text(at) result(text)
    type(c_ptr), intent(in) :: at
    character(:), allocatable :: text
    character(kind=c_char), pointer :: characters(:)
    integer :: k
    call c_f_pointer(at, characters, [strlen(at)])
    allocate (character(size(characters)) :: text)
    do k = 1, size(characters)
      text(k:k) = characters(k)
    end do
  end function fortran_text

end module spookynet
