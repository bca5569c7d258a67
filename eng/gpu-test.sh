#!/usr/bin/env bash
# Runs the tests that need a GPU, and the parity fixtures on it, on a machine with an NVIDIA GPU and PyTorch; a .NET SDK is not needed.
# Make the bundle where there is an SDK: eng/gpu-bundle.sh --tests .gpu. Then here: eng/gpu-test.sh [folder, default .gpu] [--verbose] [--filter text]...
# Ends with "N passed, N failed, N skipped"; the exit code is 1 if a test fails.
set -uo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
bundle=$root/.gpu
if [ $# -gt 0 ] && [ "${1#--}" = "$1" ]; then bundle=$1 && shift; fi
[ -e "$bundle/bundle.tar.xz" ] || { echo "error: there is no bundle in $bundle. Make one with: eng/gpu-bundle.sh --tests $bundle" >&2; exit 2; }
export NEOTENY_FIXTURES=${NEOTENY_FIXTURES:-$root/tests/Fixtures} NEOTENY_TEST_DEVICE=cuda
home=${NEOTENY_BUNDLE_HOME:-/tmp/neoteny-bundle}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if [[ " $* " != *" --filter "* ]]; then set -- "$@" --filter .Cuda. --filter .ModelParity --filter .LossParity --filter .AdapterParity --filter .GenerationParity --filter .BFloat16Parity --filter .TraceParity; fi
passed=0 failed=0 skipped=0

# A process for each assembly: one that is ended by the device leaves the others their turn.
for assembly in Core Plugins Parity; do
  NEOTENY_BUNDLE_PROGRAM=tests/neoteny-tests "$bundle/neoteny" "$@" "$home/tests/Neoteny.$assembly.Tests.dll" | tee "$log"
  if [[ $(tail -n 1 "$log") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped ]]; then
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2])) skipped=$((skipped + BASH_REMATCH[3]))
  else
    echo "FAILED Neoteny.$assembly.Tests: the process ended before its tests did; --verbose shows in which"
    failed=$((failed + 1))
  fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
