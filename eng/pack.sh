#!/usr/bin/env bash
# Packs Neoteny.Abstractions, Runtime, Conformance and Conformance.Xunit, every plugin, and the templates as NuGet packages. Usage: eng/pack.sh [folder, default out/packages]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$(realpath -m "${1:-$here/../out/packages}")
mkdir -p "$out"
dotnet msbuild "$here/Packages.proj" -t:Pack -p:PackagesFolder="$out/" -nologo -v:q
ls "$out"
