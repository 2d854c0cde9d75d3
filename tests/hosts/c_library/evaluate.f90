! What evaluate.c does, with spookynet.f90.
program evaluate
  use, intrinsic :: iso_fortran_env, only: real64
  use spookynet
  implicit none
  type(spookynet_calculator) :: calculator
  character(1000) :: address, options
  integer :: atoms, unpaired, structures, periodic, status
  real(real64) :: charge
  integer, allocatable :: numbers(:)
  real(real64), allocatable :: cells(:, :, :), positions(:, :, :), energies(:), forces(:, :, :), virials(:, :, :), &
    charges(:, :), dipoles(:, :), atomic_energies(:, :)

  call get_command_argument(1, address)
  call get_command_argument(2, options)
  read (*, *) atoms, charge, unpaired, structures, periodic
  allocate (numbers(atoms), positions(3, atoms, structures), energies(structures), forces(3, atoms, structures), &
    virials(3, 3, structures), charges(atoms, structures), dipoles(3, structures), atomic_energies(atoms, structures))
  read (*, *) numbers
  ! An array that is not allocated is an argument that is not there.
  if (periodic /= 0) then
    allocate (cells(3, 3, structures))
    read (*, *) cells
  end if
  read (*, *) positions

  call calculator%open(address, options, status)
  if (status == spookynet_ok) call calculator%set_system(numbers, charge, unpaired, status)
  if (status == spookynet_ok) call calculator%set_periodic(btest(periodic, 0), btest(periodic, 1), btest(periodic, 2), &
    status)
  if (status == spookynet_ok) call calculator%compute_many(positions, energies, cells, forces, virials, &
    atomic_energies, charges, dipoles, status)
  if (status == spookynet_ok) then
    write (*, "(es25.17e3)") energies, forces, virials, charges, dipoles, atomic_energies
  else
    write (*, "(i0, 1x, a)") status, calculator%message()
  end if
  call calculator%close()
end program evaluate
