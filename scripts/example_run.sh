#!/usr/bin/env bash
# Makes docs/examples/run.tar.gz again: a small run of the offline models on every backend that works here, so that the report has
# something true to show. Four agents: the compiler, one that repairs its mistakes, one that measures, one that hardly tries.
# The cache of evaluations is left out; a run is whole without it.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp docs/examples/agents/*.json "$work"
cd "$work" # so that neither the models' names nor the command hold a path of this machine
backends=()
for name in cpu plena tiny verilog; do
  if "$root/.venv/bin/kernelwright" backends show "$name" >/dev/null 2>&1; then backends+=(--backend "$name")
  else echo "example: backend $name does not work here and is left out"; fi
done
"$root/.venv/bin/kernelwright" run --model compiler --model scripted --model scripted/profiler.json --model scripted/hasty.json \
  "${backends[@]}" --tasks P01/C2 --tasks P11/C1 --tasks P15/C1 --tasks P01.i32/C1 --tasks P04.i8/C1 \
  --documentation tool --out example
rm -rf example/evaluations example/run.lock
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -cf - example | gzip -9n >"$root/docs/examples/run.tar.gz"
ls -l "$root/docs/examples/run.tar.gz"
