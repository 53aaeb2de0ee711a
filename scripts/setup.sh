#!/usr/bin/env bash
# Sets up what kernelwright needs, once: Debian packages where this user may install them, and .venv with the project.
#   scripts/setup.sh run    what running the benchmark needs
#   scripts/setup.sh dev    that, and what the tests need
# Safe to run again: it does nothing when nothing changed. What cannot be installed is named, with the part that is off.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=${1:-run}

declare -A commands=([gcc]=cc [libc6-dev]=/usr/include/stdio.h [bubblewrap]=bwrap [valgrind]=valgrind [docker.io]=/usr/sbin/dockerd
  [chromium]=chromium [iverilog]=iverilog [verilator]=verilator [g++]=c++ [make]=make [clang-19]=clang-19 [lld-19]=ld.lld-19)
declare -A parts=(
  [gcc]="the cpu backend"
  [libc6-dev]="the cpu backend"
  [bubblewrap]="the default sandbox (the 'confined' tier is tried instead)"
  [valgrind]="instruction counts and profiles of the cpu backend"
  [docker.io]="tests of the docker sandbox tier"
  [chromium]="browser tests of the report"
  [iverilog]="the verilog backend"
  [verilator]="the fast simulator of the verilog backend (large designs are slow without it)"
  [g++]="the fast simulator of the verilog backend"
  [make]="the fast simulator of the verilog backend"
  [clang-19]="the coral-c backend"
  [lld-19]="the coral-c backend"
)
packages=(gcc libc6-dev bubblewrap valgrind iverilog verilator g++ make clang-19 lld-19)
[ "$mode" = dev ] && packages+=(docker.io chromium)

missing=()
for package in "${packages[@]}"; do
  what=${commands[$package]}
  if [[ $what = /* ]]; then [ -e "$what" ] || missing+=("$package")
  else command -v "$what" >/dev/null || missing+=("$package"); fi
done
if [ ${#missing[@]} -gt 0 ]; then
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo -n)
  if command -v apt-get >/dev/null && "${as_root[@]}" true 2>/dev/null; then
    echo "setup: installing Debian packages: ${missing[*]}"
    log=$(mktemp)
    "${as_root[@]}" apt-get update -qq >"$log" 2>&1 || tail -n 5 "$log"
    # One package that this release does not have would keep apt-get from installing any.
    there=()
    for package in "${missing[@]}"; do
      if apt-cache show "$package" >/dev/null 2>&1; then there+=("$package")
      else echo "setup: there is no package $package for this system: ${parts[$package]} is off"; fi
    done
    if [ ${#there[@]} -gt 0 ] && ! DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq \
        --no-install-recommends "${there[@]}" >"$log" 2>&1; then
      tail -n 5 "$log"
      for package in "${there[@]}"; do echo "setup: could not install $package: ${parts[$package]} is off"; done
    fi
    rm -f "$log"
  else
    for package in "${missing[@]}"; do
      echo "setup: $package is missing and this user may not install it: ${parts[$package]} is off"
    done
    echo "setup: to turn it on: apt-get install ${missing[*]}"
  fi
fi

python=${PYTHON:-python3}
"$python" - <<'PY' || exit 1
import sys
if sys.version_info < (3, 11):
    sys.exit(f"setup: Python 3.11 or newer is needed, {sys.executable} is {sys.version.split()[0]}; set PYTHON=...")
PY
stamp=.venv/.setup-$mode
state=$(cat pyproject.toml scripts/setup.sh | sha256sum | cut -c1-16)
if [ "$(cat "$stamp" 2>/dev/null)" != "$state" ]; then
  echo "setup: installing Python packages into .venv"
  [ -x .venv/bin/python ] || "$python" -m venv .venv
  # Dependency groups need a newer pip than Debian 12 ships.
  .venv/bin/python -m pip install --quiet --disable-pip-version-check "pip>=25.1"
  groups=()
  [ "$mode" = dev ] && groups=(--group dev)
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable . "${groups[@]}"
  if ! log=$(.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[rtl]" 2>&1); then
    tail -n 5 <<<"$log"
    echo "setup: could not install the Python packages of the extra 'rtl': the verilog backend is off; run setup again to retry"
  # The tools of the verilog backend are WebAssembly, which takes a minute to become machine code, once.
  elif ! .venv/bin/python -m backends.verilog.synthesis; then
    echo "setup: could not compile the tools of the extra 'rtl': the verilog backend is off; run setup again to retry"
  else
    echo "$state" >"$stamp"
  fi
fi
