#!/bin/sh
# Builds libspookynet with a C compiler alone and installs it: ./build.sh [PREFIX], by default ~/.local.
# CC and CFLAGS are as usual.
set -eu

prefix=${1:-$HOME/.local}
cd "$(dirname -- "$0")"
version=$(sed -n 's/^#define SPK_VERSION "\(.*\)"/\1/p' spookynet.h)
library=libspookynet.so.$version
soname=libspookynet.so.${version%%.*}

mkdir -p "$prefix/lib/pkgconfig" "$prefix/lib/cmake/spookynet" "$prefix/include"
prefix=$(cd "$prefix" && pwd)
# A new file under the name, so that programs that run keep the library they have.
# shellcheck disable=SC2086  # one word a flag
${CC:-cc} -std=c99 ${CFLAGS:--O2} -fPIC -fvisibility=hidden -pthread -shared "-Wl,-soname,$soname" \
  spookynet.c -o "$prefix/lib/$library.new"
mv -f "$prefix/lib/$library.new" "$prefix/lib/$library"
ln -sf "$library" "$prefix/lib/$soname"
ln -sf "$library" "$prefix/lib/libspookynet.so"
cp spookynet.h spookynet.hpp spookynet.f90 "$prefix/include"
cp spookynet-config.cmake "$prefix/lib/cmake/spookynet"
sed "s|@PREFIX@|$prefix|; s|@VERSION@|$version|" spookynet.pc.in >"$prefix/lib/pkgconfig/spookynet.pc"
sed "s|@VERSION@|$version|" spookynet-config-version.cmake.in \
  >"$prefix/lib/cmake/spookynet/spookynet-config-version.cmake"
echo "installed $prefix/lib/$library, its header, pkg-config and CMake files and the Fortran module's source"
