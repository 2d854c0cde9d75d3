! shapes ADDRESS: arrays of the wrong shape are refused before anything is sent; then a Hessian.
program shapes
  use, intrinsic :: iso_fortran_env, only: real64
  use spookynet
  implicit none
  type(spookynet_calculator) :: calculator
  character(1000) :: address
  integer :: status
  real(real64) :: energy, forces(3, 2), hessian(9, 9)
  real(real64) :: positions(3, 3) = reshape([0.0, 0.0, 0.0, 0.0, 0.76, -0.6, 0.0, -0.76, -0.6], [3, 3])

  call calculator%compute(positions, energy, status=status)
  print "(i0, 1x, a)", status, calculator%message()
  call get_command_argument(1, address)
  call calculator%open(address)
  call calculator%set_system([8, 1, 1])
  call calculator%compute(positions, energy, forces=forces, status=status)
  print "(i0, 1x, a)", status, calculator%message()
  call calculator%set_periodic(.true., .true., .false.)
  call calculator%compute_hessian(positions, hessian, status=status)
  print "(i0, 1x, es9.1)", status, maxval(abs(hessian - transpose(hessian))) / maxval(abs(hessian))
  print "(a)", calculator%model()
  call calculator%close()
  call calculator%set_system([8, 1, 1])
end program shapes
