#!/bin/sh
# Sets up .venv and the system packages. Usage: requirements/setup.sh run|sip|speech|test
#
# run:  what the gateway needs.  sip: also what PJSIP is built with.  speech: also what hears and speaks on this machine.
# test: also what its suite needs, PJSIP and speech included.
# Every step is skipped when its stamp in .venv still matches, so that a second run takes milliseconds.
# pip keeps its downloads in the user's cache folder; versions and hashes come from the lock files beside this script.
set -eu
group=${1:?usage: setup.sh run|sip|speech|test}
here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
venv=$top/.venv
cd "$top"

say() { printf 'tieline: %s\n' "$*" >&2; }

# Installs Debian packages; answers 1 when that cannot be done here.
apt_install() {
    command -v apt-get >/dev/null 2>&1 || return 1
    if [ "$(id -u)" = 0 ]; then
        root=env
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        root='sudo -n env'
    else
        return 1
    fi
    say "installing $*"
    $root DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" </dev/null >/dev/null 2>&1 && return 0
    # A machine that never ran it has no package lists, and old lists name versions that are gone.
    $root apt-get update -qq </dev/null >/dev/null 2>&1 || true
    $root DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" </dev/null >/dev/null
}

find_python() {
    for python in python3 python3.11 python3.12 python3.13 python3.14; do
        if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$python"
            return 0
        fi
    done
    return 1
}

python_or_stop() {
    find_python && return 0
    packages=$(sed -n 's/^run  *\([^ ]*\) .*/\1/p' "$here/system.txt" | paste -sd ' ')
    # shellcheck disable=SC2086  # a list of package names
    if apt_install $packages && find_python; then return 0; fi
    say "Python 3.11 or newer with its venv module is missing: as root, 'apt-get install $packages', then again"
    return 1
}

# is_there COMMAND or is_there /PATTERN
is_there() {
    case $1 in
    # shellcheck disable=SC2086  # a pattern to expand
    /*) set -- $1 && [ -e "$1" ] ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

# system_packages GROUPS: what these need of the system; what cannot be had is named in one line, and only the tests that need it are refused.
system_packages() {
    missing=''
    while read -r wanted package shown_by _why; do
        case " $* " in *" $wanted "*) ;; *) continue ;; esac
        is_there "$shown_by" || missing="$missing $package"
    done <"$here/system.txt"
    [ -z "$missing" ] && return 0
    # shellcheck disable=SC2086  # a list of package names
    apt_install $missing && return 0
    say "missing:$missing (as root: 'apt-get install$missing'); the tests that need them will be refused"
}

# key_of LOCK...: what a stamp says when these are installed here. The settings of the checkers come last in pyproject.toml
# and change nothing that is installed.
key_of() {
    (printf '%s\n' "$venv"; cat "$@"; sed '/^\[tool\.ruff/,$d' pyproject.toml) | sha256sum
}

# install STAMP LOCK...: installs the lock files unless the stamp says that this was done for this very content and folder.
install() {
    stamp=$venv/.$1.stamp
    shift
    key=$(key_of "$@")
    [ "$(cat "$stamp" 2>/dev/null)" = "$key" ] && return 0
    if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1 || ! grep -qsF "$venv/" "$venv/bin/pip"; then
        python=$(python_or_stop) || exit 1
        say "making .venv with $python"
        "$python" -m venv --clear "$venv"
    fi
    say "installing $(grep -hc '==' "$@" | paste -sd+ - | sed 's/$/ locked packages/')"
    arguments=''
    for lock in "$@"; do arguments="$arguments -r $lock"; done
    # shellcheck disable=SC2086  # a list of options
    "$venv/bin/python" -m pip install -qq --disable-pip-version-check --no-input --no-deps --require-hashes $arguments
    "$venv/bin/python" -m pip install -qq --disable-pip-version-check --no-input --no-deps --no-build-isolation --no-index -e .
    printf '%s' "$key" >"$stamp"
}

# Two makes at once (an editor's and a terminal's) must not write one .venv at the same time.
exec 9>"$top/.venv.lock"
flock 9

case $group in
run) install run requirements/runtime.lock requirements/build.lock ;;
sip)
    system_packages sip
    # A folder that is set up for the suite has all of it.
    [ -e "$venv/.test.stamp" ] || install run requirements/runtime.lock requirements/build.lock
    ;;
speech)
    # The same.
    [ -e "$venv/.test.stamp" ] || {
        install run requirements/runtime.lock requirements/build.lock
        install speech requirements/speech.lock
    }
    ;;
test)
    system_packages sip test
    install test requirements/dev.lock
    # Which has these too. Installed once more by a test that runs `make run`, the product would be gone from others meanwhile.
    printf '%s' "$(key_of requirements/runtime.lock requirements/build.lock)" >"$venv/.run.stamp"
    # What it says is enough; all tests but those of SIP workers run without.
    packaging/pjsua2/install.sh || true
    packaging/speech/install.sh || true
    ;;
*) say "unknown group $group" && exit 2 ;;
esac
