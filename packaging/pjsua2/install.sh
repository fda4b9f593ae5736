#!/bin/sh
# Builds PJSIP's Python binding and installs it into .venv. Usage: packaging/pjsua2/install.sh [PJPROJECT-TARBALL]
#
# Without a tarball the source is Debian's, signed: pjproject comes as a part of Asterisk's source package, and source.lock beside
# this script says which one. Nothing is done twice: the wheel is kept in the user's cache folder, by source, recipe and Python.
# RECORD=1 writes down what the suite serves now.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$(dirname "$here")")
venv=${VENV:-$top/.venv}
python=$venv/bin/python
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tieline/pjsua2
tarball=${1:-}
recorded=$here/source.lock
# What is downloaded and built goes again, however this ends.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say() { printf 'tieline: %s\n' "$*" >&2; }

locked() { sed -n "s/^$1 //p" "$recorded"; }

# fetch FILE: Debian's pjproject, checked by apt's signatures, and that it is the recorded one.
fetch() {
    folder=$scratch/fetched
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | sort -u | sed -n '\,/debian/*$,p' | head -1)
    [ -n "$mirror" ] || { say "apt knows no Debian mirror: give a tarball of pjproject, make sip PJPROJECT=FILE" && return 1; }
    mkdir -p "$folder/lists/partial"
    printf 'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "${mirror%/}" "$(locked suite)" >"$folder/sources.list"
    apt() {
        apt-get -qq -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$folder/lists" \
            -o APT::Sandbox::User= -o Acquire::Check-Valid-Until=false "$@"
    }
    apt update
    served=$(apt-cache -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$folder/lists" \
        -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= showsrc asterisk | sed -n 's/^Version: //p' | sort -V | tail -1)
    if [ -z "${RECORD:-}" ] && [ "$served" != "$(locked version)" ]; then
        say "source.lock records pjproject of asterisk $(locked version), and $(locked suite) serves $served now;"
        say "take the new one: make sip RECORD=1; or give a tarball: make sip PJPROJECT=FILE"
        return 1
    fi
    (cd "$folder" && apt source --download-only "asterisk=$served")
    found=$(ls "$folder"/asterisk_*.orig-Xpjproject.tar.*)
    sum=$(sha256sum "$found" | cut -d ' ' -f 1)
    if [ -n "${RECORD:-}" ]; then
        printf 'suite %s\nversion %s\nsha256 %s\n' "$(locked suite)" "$served" "$sum" >"$recorded"
    elif [ "$sum" != "$(locked sha256)" ]; then
        say "not the recorded content: $(basename "$found"); if it is right: make sip RECORD=1"
        return 1
    fi
    mkdir -p "$(dirname "$1")"
    mv "$found" "$1"
}

# build SOURCE FOLDER: leaves a wheel there.
build() {
    tree=$scratch/tree
    mkdir "$tree"
    log=$cache/build.log
    say "building PJSIP (some minutes; $log says how far it is)"
    if ! nice -n 5 sh "$here/build.sh" "$1" "$tree" "$2" "$python" >"$log" 2>&1 </dev/null; then
        say "PJSIP was not built: $(tail -n 1 "$log")"
        return 1
    fi
}

[ -x "$python" ] || { say "there is no $venv: run make setup first" && exit 1; }
if [ -n "${RECORD:-}" ]; then
    [ -z "$tarball" ] || { say "RECORD=1 records Debian's source: leave PJPROJECT out" && exit 1; }
    fetch "$cache/recording.tar.xz"
    mv "$cache/recording.tar.xz" "$cache/pjproject-$(locked sha256).tar.xz"
fi
if [ -n "$tarball" ]; then
    [ -r "$tarball" ] || { say "there is no file $tarball" && exit 1; }
    sum=$(sha256sum "$tarball" | cut -d ' ' -f 1)
else
    sum=$(locked sha256)
fi
key=$( (printf '%s\n' "$sum"; "$python" -c 'import sys, sysconfig; print(sys.version, sysconfig.get_platform())'
    cat "$here/config_site.h" "$here/worker.c" "$here/make_wheel.py" "$here/build.sh") | sha256sum | cut -c 1-16)
stamp=$venv/.sip.stamp
[ "$(cat "$stamp" 2>/dev/null)" = "$key" ] && exit 0

mkdir -p "$cache"
exec 8>"$cache/lock"
flock 8
wheels=$cache/$key
if ! ls "$wheels"/pjsua2-*.whl >/dev/null 2>&1; then
    missing=''
    for tool in tar xz make gcc g++ swig nproc; do command -v "$tool" >/dev/null 2>&1 || missing="$missing $tool"; done
    [ -z "$missing" ] || { say "to build PJSIP these are missing:$missing (requirements/system.txt names their packages)" && exit 1; }
    source=${tarball:-$cache/pjproject-$sum.tar.xz}
    [ -e "$source" ] || fetch "$source"
    rm -rf "$wheels.part"
    build "$source" "$wheels.part"
    rm -rf "$wheels"
    mv "$wheels.part" "$wheels"
fi
"$python" -m pip install -qq --disable-pip-version-check --no-input --no-deps --no-index --force-reinstall "$wheels"/pjsua2-*.whl
"$python" -c 'import _pjsua2'
printf '%s' "$key" >"$stamp"
