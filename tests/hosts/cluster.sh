#!/bin/sh
# A cluster on one machine: three network namespaces joined by a bridge, which see one another as node0, node1 and node2,
# with stand-ins for SLURM's scontrol and srun. Runs job.sh of the current folder on node0, with the arguments given, and
# kills the driver of each node named in a line on stdin.
#
# To be run by `unshare --mount --net --pid --fork --kill-child --mount-proc`: all it makes lives in namespaces of its own,
# which end with it, however it ends.
set -eu
nodes='node0 node1 node2'

mount -t tmpfs none /run
mkdir /run/netns /run/bin
ip link add cluster type bridge
ip link set cluster up
echo '127.0.0.1 localhost' >/run/hosts
number=0
for node in $nodes; do
  number=$((number + 1))
  ip netns add "$node"
  ip link add "to-$node" type veth peer name eth0 netns "$node"
  ip link set "to-$node" master cluster up
  ip -n "$node" address add "10.213.0.$number/24" dev eth0
  ip -n "$node" link set eth0 up
  ip -n "$node" link set lo up
  echo "10.213.0.$number $node" >>/run/hosts
done
mount --bind /run/hosts /etc/hosts

cat >/run/bin/scontrol <<'END'
#!/bin/sh
echo "$SLURM_JOB_NODELIST" | tr ' ' '\n'
END
cat >/run/bin/srun <<'END'
#!/bin/sh
# The command on every node, each with its own log; fails when it does on one of them.
while [ "${1#--}" != "$1" ]; do shift; done
tasks=
for node in $SLURM_JOB_NODELIST; do
  ip netns exec "$node" "$@" >"driver-$node.log" 2>&1 &
  tasks="$tasks $!"
done
code=0
for task in $tasks; do wait "$task" || code=1; done
exit $code
END
chmod +x /run/bin/*

export PATH="/run/bin:$PATH" SLURM_JOB_NODELIST="$nodes"
ip netns exec node0 sh job.sh "$@" </dev/null &
job=$!
while read -r node; do
  for process in $(ip netns pids "$node"); do
    case $(readlink "/proc/$process/exe") in
      */deno) kill -9 "$process" ;;
    esac
  done
done
wait "$job"
