#!/usr/bin/env bash
# Installs what the live tests need and runs every test of the workspace, none skipped.
#
#   tests/run.sh [arguments of `cargo test`]
#   tests/run.sh NAME [arguments of the test program]
#
# The second form installs what one service needs and runs the live tests of its adapter, as in
# `tests/run.sh redis` or `tests/run.sh postgres --skip conforms`.
#
# For Debian and its relatives. Postfix starts as root only, so the tests run as root: directly, or
# through sudo. What is installed already is left alone; then no network is needed.
set -euo pipefail

script=$(realpath "${BASH_SOURCE[0]}")
cd "$(dirname "$script")/.."

fail() {
    echo "tests/run.sh: $*" >&2
    exit 1
}

if ((EUID != 0)); then
    command -v sudo >/dev/null || fail "needs root: run it as root, or install sudo"
    # sudo clears the environment; cargo and rustup live in it.
    keep=("PATH=$PATH")
    for name in CI "${!CARGO@}" "${!RUST@}"; do
        keep+=("$name=${!name:-}")
    done
    exec sudo env "${keep[@]}" "$script" "$@"
fi

# Through sudo, the toolchain and the build are those of the user who called, and stay theirs.
if [[ -n ${SUDO_USER:-} ]]; then
    HOME=$(getent passwd "$SUDO_USER" | cut -d: -f6)
    export HOME PATH="$PATH:$HOME/.cargo/bin"
    give_back() {
        local built
        for built in Cargo.lock "${CARGO_TARGET_DIR:-target}" "${CARGO_HOME:-$HOME/.cargo}"; do
            if [[ -e $built ]]; then
                chown -R "$SUDO_UID:$SUDO_GID" "$built"
            fi
        done
    }
    trap give_back EXIT
fi

# The live tests of one adapter are a module of tests/tests/live.
only=
if [[ -n ${1:-} && $1 != -* ]]; then
    only=$1
    shift
    [[ -e tests/tests/live/$only.rs ]] ||
        fail "no live tests are named $only: they are $(basename -a -s .rs tests/tests/live/*.rs | xargs)"
fi

# --- packages ---------------------------------------------------------------------------------

is_installed() {
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# Runs a command that is only worth reading when it fails.
quietly() {
    local log status=0
    log=$(mktemp)
    "$@" </dev/null >"$log" 2>&1 || status=$?
    ((status == 0)) || cat "$log" >&2
    rm -f "$log"
    ((status == 0)) || fail "failed: $*"
}

# Debian asks this file before it starts a service; a container's is there already.
without_starting_services() (
    local policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
    fi
    "$@"
)

install_packages() {
    export DEBIAN_FRONTEND=noninteractive
    echo "Installing $*"
    quietly apt-get update -qq

    # No question about mail, and no server of the system's own.
    if [[ " $* " == *" postfix "* ]]; then
        debconf-set-selections <<<"postfix postfix/main_mailer_type select Local only"
    fi
    # A developer's own MySQL or Exim is not replaced; a CI machine's is.
    local options=(-qq -y --no-install-recommends)
    [[ -n ${CI:-} ]] || options+=(--no-remove)
    without_starting_services quietly apt-get install "${options[@]}" "$@"

    # Nor after the machine's next start.
    if [[ -d /run/systemd/system ]]; then
        local package
        for package in beanstalkd etcd-server mariadb-server memcached nats-server pgbouncer postfix postgresql rabbitmq-server redis-server; do
            if [[ " $* " == *" $package "* ]]; then
                quietly systemctl disable "${package%-server}"
            fi
        done
    fi
}

command -v dpkg-query >/dev/null || fail "installs Debian packages, and this is no Debian"

packages=(
    beanstalkd
    chromium fonts-dejavu-core                      # draws the pictures of manifests
    ca-certificates                                 # the roots that clients trust by default
    curl                                            # what a page of the book asks its app with
    libsasl2-modules libsasl2-modules-db sasl2-bin  # logins of Postfix
    mariadb-client mariadb-server
    etcd-server
    memcached
    nats-server
    openssl                                         # the TLS client of the harness's own tests
    pgbouncer
    postfix
    postgresql
    rabbitmq-server
    redis-server
)
npm=yes
case $only in
beanstalkd | memcached) packages=("$only") npm= ;;
couchdb) packages=() ;;
mysql) packages=(mariadb-client mariadb-server) npm= ;;
nats | redis) packages=("$only-server") npm= ;;
rabbitmq) packages=(rabbitmq-server) npm= ;;
smtp) packages=(libsasl2-modules libsasl2-modules-db postfix sasl2-bin) npm= ;;
googlemaps | http_api | lastfm | loggly | newrelic | otlp | postmark | s3 | twitter) packages=() npm= ;;
esac
# aws-lc-sys and libsqlite3-sys compile C, and need nothing but a compiler for it.
command -v cc >/dev/null || packages+=(gcc libc6-dev)
# Node.js from elsewhere than Debian brings npm along.
[[ -z $npm ]] || command -v npm >/dev/null || packages+=(nodejs npm)

missing=()
for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
done
if ((${#missing[@]} > 0)); then
    install_packages "${missing[@]}"
fi

# --- servers that npm has ---------------------------------------------------------------------

# The harness looks for them here, whatever the target folder.
servers=/var/lib/backing-services-tests/npm
if [[ -n $npm ]] && ! cmp -s tests/npm/package-lock.json "$servers/installed.json"; then
    echo "Installing pouchdb-server"
    mkdir -p "$servers"
    cp tests/npm/package.json tests/npm/package-lock.json "$servers"
    # No scripts: what they would compile is either not used or there as a prebuilt file.
    quietly npm ci --prefix "$servers" --ignore-scripts --no-audit --no-fund
    cp tests/npm/package-lock.json "$servers/installed.json"
fi

# --- toolchain --------------------------------------------------------------------------------

if command -v rustup >/dev/null; then
    channel=$(sed -n 's/^channel = "\(.*\)"$/\1/p' rust-toolchain.toml)
    read -ra components <<<"$(sed -n 's/^components = \[\(.*\)\]$/\1/p' rust-toolchain.toml | tr -d '",')"
    installed=
    if rustup toolchain list | grep -q "^$channel-"; then
        installed=$(rustup component list --toolchain "$channel" --installed)
    fi
    wanted=()
    for component in rustc "${components[@]}"; do
        grep -q "^$component\(-\|$\)" <<<"$installed" || wanted+=("$component")
    done
    if ((${#wanted[@]} > 0)); then
        echo "Installing Rust $channel"
        quietly rustup toolchain install "$channel" --no-self-update --profile minimal \
            --component "$(IFS=,; echo "${components[*]}")"
    fi
fi
command -v cargo >/dev/null || fail "needs cargo: install Rust from https://rustup.rs"

# --- tests ------------------------------------------------------------------------------------

if [[ -n $only ]]; then
    cargo test -p backing-services-tests --features live --test live -- "$only::" "$@" </dev/null
else
    # Of an example that has tests `cargo test` builds these alone, and not the program.
    cargo build --workspace --all-features --examples </dev/null
    cargo test --workspace --all-features "$@" </dev/null
fi
