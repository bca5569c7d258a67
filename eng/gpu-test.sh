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
run() { NEOTENY_BUNDLE_PROGRAM=tests/neoteny-tests "$bundle/neoteny" "$@"; }
if [[ " $* " != *" --filter "* ]]; then set -- "$@" --filter .Cuda. --filter .ModelParity --filter .AdapterParity --filter .GenerationParity --filter .BFloat16Parity --filter .TraceParity; fi
run "$@" "$home/tests/Neoteny.Core.Tests.dll" "$home/tests/Neoteny.Plugins.Tests.dll" "$home/tests/Neoteny.Parity.Tests.dll"
