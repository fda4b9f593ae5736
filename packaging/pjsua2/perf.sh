#!/bin/sh
# Builds pjsip-perf, PJSIP's own measure in C, of the source and by the recipe of the binding. Usage: perf.sh PYTHON
#
# Prints where it is: in the cache folder, beside the source that `make sip` keeps there. Some minutes, once for each source.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tieline/pjsua2
sum=$(sed -n 's/^sha256 //p' "$here/source.lock")
key=$( (printf '%s\n' "$sum"; cat "$here/config_site.h" "$here/build.sh") | sha256sum | cut -c 1-16)
program=$cache/pjsip-perf-$key
if [ ! -x "$program" ]; then
    source=$cache/pjproject-$sum.tar.xz
    [ -e "$source" ] || { printf 'tieline: there is no %s: run make sip first\n' "$source" >&2 && exit 1; }
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    mkdir "$scratch/tree"
    printf 'tieline: building pjsip-perf (some minutes, once)\n' >&2
    sh "$here/build.sh" "$source" "$scratch/tree" "$scratch/wheel" "$1" >"$scratch/log" 2>&1 </dev/null || { tail -n 5 "$scratch/log" >&2 && exit 1; }
    # shellcheck disable=SC2016  # what make expands
    printf 'include build.mak\npjsip-perf:\n\t$(CC) -o $@ pjsip-apps/src/samples/$@.c $(PJ_CFLAGS) $(PJ_LDFLAGS) $(PJ_LDLIBS)\n' >"$scratch/tree/perf.mak"
    make -s -C "$scratch/tree" -f perf.mak pjsip-perf >&2
    mv "$scratch/tree/pjsip-perf" "$program"
fi
printf '%s\n' "$program"
