#!/bin/sh
# Builds the library that serves LAMMPS, with a C compiler alone, and installs it with its Python half:
# ./build.sh [PREFIX], by default ~/.local. CC and CFLAGS are as usual. LAMMPS need not be there.
set -eu

prefix=${1:-$HOME/.local}
mkdir -p "$prefix/lib/spookynet" "$prefix/include"
prefix=$(cd "$prefix" && pwd)
folder=$prefix/lib/spookynet
cd "$(dirname -- "$0")"

# A new file under the name, so that programs that run keep the library they have.
# shellcheck disable=SC2086  # one word a flag
${CC:-cc} -std=c99 ${CFLAGS:--O2} -fPIC -fvisibility=hidden -pthread -shared -I../../c \
  spookynet_lammps.c ../../c/spookynet.c -o "$folder/spookynetplugin.so.new" -ldl -lm
mv -f "$folder/spookynetplugin.so.new" "$folder/spookynetplugin.so"
cp spookynet_attach.py "$folder"
cp spookynet_lammps.h ../../c/spookynet.h "$prefix/include"
echo "installed $folder/spookynetplugin.so and spookynet_attach.py"
