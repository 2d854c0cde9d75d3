#!/bin/sh
#SBATCH --job-name=zundel
#SBATCH --nodes=3
#SBATCH --ntasks-per-node=1
#SBATCH --time=00:30:00
# i-PI on the first node, where SLURM runs this script, and a driver on every node. What follows goes to the drivers:
#   sbatch job.sh --device gpu
set -eu

spookynet=${SPOOKYNET:-../../../spookynet}
host=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)

sed "s/HOST/$host/" input.xml >cluster.xml
i-pi cluster.xml >i-pi.log 2>&1 &
ipi=$!

srun --ntasks-per-node=1 --overlap --kill-on-bad-exit=0 --output=driver-%N.log \
  sh driver.sh "$spookynet" connect --to "tcp:$host:31415" --template init.xyz --charge 1 --pbc none "$@" &
drivers=$!

# Without drivers i-PI would wait for ever; a driver on a lost node must not be waited for when i-PI has finished.
code=0
while kill -0 "$ipi" 2>/dev/null; do
  sleep 1
  kill -0 "$drivers" 2>/dev/null && continue
  sleep 5
  kill "$ipi" 2>/dev/null || continue
  echo 'Expected a driver to go on but all have ended: see driver-*.log' >&2
  code=1
done
wait "$ipi" || code=1
exit $code
