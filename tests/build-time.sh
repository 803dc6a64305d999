#!/usr/bin/env bash
# What backing-services costs a build, against the same written by hand:
#
# - the quickstart, built cold from the root of the workspace, and the shop of tests/by-hand;
# - an app without adapters, built cold, and one on `url` and one derive, that of serde;
# - the check of a struct of 100 services, dependencies built, and of one of 100 URLs read by hand.
#
#   tests/build-time.sh [rounds]
#
# Takes minutes, and an otherwise idle machine. Both sides take turns; of each the quickest round counts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

rounds=${1:-3}
root=$PWD
channel=$(sed -n 's/^channel = "\(.*\)"$/\1/p' rust-toolchain.toml)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export CARGO_TERM_QUIET=true RUSTUP_TOOLCHAIN=$channel
unset CARGO_TARGET_DIR RUSTFLAGS

# Packages beside the workspace, each with its versions and its profile.
package() {
    local name=$1
    mkdir -p "$scratch/$name/src"
    cp Cargo.lock "$scratch/$name"
    {
        cat
        sed -n '/^\[profile\./,/^$/p' "$root/Cargo.toml"
    } >"$scratch/$name/Cargo.toml"
}

manifest() {
    printf '[workspace]\n[package]\nname = "%s"\nversion = "0.1.0"\nedition = "2024"\n[dependencies]\n' "$1"
}

package shop-by-hand <tests/by-hand/Cargo.toml
cp tests/by-hand/src/main.rs "$scratch/shop-by-hand/src"

{ manifest plain; echo "backing-services = { path = \"$root/core\" }"; } | package plain
{
    manifest plain-by-hand
    echo 'url = "2.5.8"'
    echo 'serde = { version = "1.0.229", features = ["derive"] }'
} | package plain-by-hand

own_adapter='
use backing_services::{Adapter, BackingServices, ClientError, Connect, Handle, Host};

#[derive(Adapter, Clone)]
#[adapter(schemes("own"), example = "own://localhost")]
pub struct Own {
    #[handle]
    handle: Handle,
    #[handle(host)]
    host: Host,
}

impl Connect for Own {
    type Client = Host;

    async fn connect(&self) -> Result<Host, ClientError> {
        Ok(self.host.clone())
    }
}
'
by_hand='
use std::error::Error;

use url::Url;

#[derive(serde::Deserialize)]
pub struct Settings {
    pub port: u16,
}

fn handle(name: &str) -> Result<Url, Box<dyn Error>> {
    let value = std::env::var(name).map_err(|error| format!("{name}: {error}"))?;
    let url = Url::parse(&value).map_err(|error| format!("{name}: {error}"))?;
    if url.scheme() == "own" { Ok(url) } else { Err(format!("{name}: wrong scheme").into()) }
}
'

# A struct of some services, by the derive or by hand.
app() {
    local count=$1 n
    echo "$own_adapter"
    echo '#[derive(BackingServices)] pub struct Services {'
    for ((n = 0; n < count; n++)); do echo "pub service_$n: Own,"; done
    echo '}'
    echo 'fn main() { if let Err(report) = Services::from_env() { println!("{report}"); } }'
}
app_by_hand() {
    local count=$1 n
    echo "$by_hand"
    echo 'pub struct Services {'
    for ((n = 0; n < count; n++)); do echo "pub service_$n: Url,"; done
    echo '}'
    echo 'impl Services { pub fn from_env() -> Result<Self, Box<dyn Error>> { Ok(Self {'
    for ((n = 0; n < count; n++)); do echo "service_$n: handle(\"SERVICE_${n}_URL\")?,"; done
    echo '}) } }'
    echo 'fn main() { if let Err(error) = Services::from_env() { println!("{error}"); } }'
}

# Prints wall clock and processor time of a command, in milliseconds.
measure() {
    local TIMEFORMAT='%R %U %S' times
    times=$({ time "$@" >"$scratch/log" 2>&1 </dev/null || { cat "$scratch/log" >&2; kill $$; }; } 2>&1)
    awk '{ printf "%d %d\n", $1 * 1000, ($2 + $3) * 1000 }' <<<"$times"
}

cold() {
    local target
    target=$(mktemp -d -p "$scratch")
    # Not incremental, as an app gets this crate from a registry: here it is a path, and would be.
    CARGO_INCREMENTAL=0 CARGO_TARGET_DIR=$target measure cargo build --offline "$@"
    rm -rf "$target"
}
# Again, with everything but the app built.
warm() {
    touch "$1/src/main.rs"
    CARGO_INCREMENTAL=0 CARGO_TARGET_DIR=$1/target measure cargo check --offline --manifest-path "$1/Cargo.toml"
}

compare() {
    local title=$1 ours=$2 theirs=$3 round side now used
    local -A wall=() cpu=()
    for ((round = 0; round < rounds; round++)); do
        for side in ours theirs; do
            read -r now used < <(${!side})
            ((now >= ${wall[$side]:-$((now + 1))})) || wall[$side]=$now
            ((used >= ${cpu[$side]:-$((used + 1))})) || cpu[$side]=$used
        done
    done
    awk -v title="$title" -v a="${wall[ours]}" -v b="${wall[theirs]}" -v c="${cpu[ours]}" -v d="${cpu[theirs]}" \
        'BEGIN { printf "| %s | %.1f s | %.1f s | %.2f | %.1f s | %.1f s | %.2f |\n",
                 title, a / 1000, b / 1000, a / b, c / 1000, d / 1000, c / d }'
}

app 3 >"$scratch/plain/src/main.rs"
app_by_hand 3 >"$scratch/plain-by-hand/src/main.rs"
cargo fetch --locked
for package in shop-by-hand plain plain-by-hand; do
    cargo fetch --manifest-path "$scratch/$package/Cargo.toml"
done

echo "| | derived | by hand | ratio | processor, derived | by hand | ratio |"
echo "|---|---|---|---|---|---|---|"
# As a newcomer builds it, from the root.
compare "the quickstart, cold" \
    "cold --locked -p examples --example quickstart" \
    "cold --manifest-path $scratch/shop-by-hand/Cargo.toml"

compare "an app without adapters, cold" \
    "cold --manifest-path $scratch/plain/Cargo.toml" \
    "cold --manifest-path $scratch/plain-by-hand/Cargo.toml"

app 100 >"$scratch/plain/src/main.rs"
app_by_hand 100 >"$scratch/plain-by-hand/src/main.rs"
warm "$scratch/plain" >/dev/null
warm "$scratch/plain-by-hand" >/dev/null
compare "\`cargo check\` of 100 services" "warm $scratch/plain" "warm $scratch/plain-by-hand"
