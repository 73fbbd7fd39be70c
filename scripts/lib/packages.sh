# Sourced by the scripts: installs the Debian packages that are missing, and nothing when all is there.
# shellcheck shell=bash

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

die() {
  say "error: $*"
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    return 1
  fi
}

# install_packages PACKAGE... : through apt-get, without starting any service that a package brings along.
# The two files that hold services back exist during the installation only.
install_packages() (
  set -euo pipefail
  command -v apt-get >/dev/null || die "missing: $*. Install them with this system's package manager"
  as_root true || die "missing: $*. Installing them needs root or sudo: apt-get install $*"

  policy=/usr/sbin/policy-rc.d
  no_cluster=/etc/postgresql-common/createcluster.d/vigie-no-main-cluster.conf
  written=()
  # shellcheck disable=SC2329 # called by the trap
  remove_written() {
    [ ${#written[@]} -eq 0 ] || as_root rm -f "${written[@]}"
  }
  trap remove_written EXIT
  if [ ! -e "$policy" ]; then
    written+=("$policy")
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
  fi
  if [ ! -e "$no_cluster" ]; then
    written+=("$no_cluster")
    as_root mkdir -p "${no_cluster%/*}"
    printf 'create_main_cluster = false\n' | as_root tee "$no_cluster" >/dev/null
  fi

  say "installing $*"
  apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
  as_root "${apt[@]}" update >&2 || say "apt-get update failed; trying with the lists at hand"
  as_root "${apt[@]}" install -y --no-install-recommends "$@" >&2 || die "apt-get could not install $*"
)

# need_compiler : some dependencies contain C (TLS, SQLite).
need_compiler() {
  command -v cc >/dev/null || install_packages build-essential
}

need_cargo() {
  command -v cargo >/dev/null || die "cargo is missing. Install Rust 1.95 or newer: https://rustup.rs"
}

# need_components : the formatter and the linter, which a minimal Rust lacks.
need_components() {
  if cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1; then return 0; fi
  command -v rustup >/dev/null || die "rustfmt and clippy are missing, and there is no rustup to add them"
  rustup component add rustfmt clippy
}
