#!/bin/sh
# What the container file does, in a Debian 12, as root. Usage: steps.sh build [PJPROJECT-TARBALL] | steps.sh finish
#
# build:   .venv with the locked packages, Tieline and PJSIP, by the same scripts as `make sip`; compilers come and stay behind.
# finish:  in a fresh Debian to which the built folder was copied: what it needs to run, a user of its own, a folder for its state.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$(dirname "$here")")
export DEBIAN_FRONTEND=noninteractive

case ${1:-} in
build)
    cd "$top"
    export XDG_CACHE_HOME=${XDG_CACHE_HOME:-/var/cache}
    apt-get update -qq
    apt-get install -qq -y --no-install-recommends ca-certificates >/dev/null
    requirements/setup.sh sip
    packaging/pjsua2/install.sh ${2:+"$2"}
    .venv/bin/python -m compileall -qq gateway connectors ivr crm_adapters
    # PJSIP is under the GPL: who passes the image on passes its source on with it.
    cp "${2:-$(ls "$XDG_CACHE_HOME"/tieline/pjsua2/pjproject-*.tar.*)}" packaging/pjsua2/
    ;;
finish)
    # shellcheck disable=SC2046  # a list of package names
    set -- $(sed -nE 's/^(run|image) +([^ ]+) .*/\2/p' "$top/requirements/system.txt")
    lists=$(mktemp -d)
    apt-get -o Dir::State::lists="$lists" update -qq
    apt-get -o Dir::State::lists="$lists" install -qq -y --no-install-recommends "$@" >/dev/null
    apt-get clean
    rm -rf "$lists"
    useradd --system --uid 847 --home-dir /var/lib/tieline --shell /usr/sbin/nologin tieline
    install -d -o tieline -g tieline -m 0750 /var/lib/tieline
    install -d -o root -g tieline -m 0750 /etc/tieline
    "$top/.venv/bin/python" -c 'import _pjsua2'
    ;;
*) echo 'usage: steps.sh build [PJPROJECT-TARBALL] | steps.sh finish' >&2 && exit 2 ;;
esac
