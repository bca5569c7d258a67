#!/usr/bin/env bash
# Makes the packages of the contracts as they are now the baseline that later ones are compared with: after a release, or for a break that is meant.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
for name in Abstractions Runtime; do
  dotnet pack "$here/../src/$name/$name.csproj" -c Release -o "$made" -p:EnablePackageValidation=false --nologo -v q
  mkdir -p "$here/baseline"
  mv "$made/Neoteny.$name".[0-9]*.nupkg "$here/baseline/Neoteny.$name.nupkg"
done
ls -l "$here/baseline"
