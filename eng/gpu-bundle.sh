#!/usr/bin/env bash
# Makes a self-contained folder that runs on a GPU machine with PyTorch and nothing else: the .NET runtime, the host and its plugins,
# no libtorch (PyTorch's own serves). Usage: eng/gpu-bundle.sh [--tests] [--bench] [folder, default .gpu]. On the GPU machine: <folder>/neoteny train run.yml
# With --tests the test assemblies go along; eng/gpu-test.sh runs them there. With --bench the benchmarks do:
# NEOTENY_BUNDLE_PROGRAM=bench/Neoteny.Benchmarks <folder>/neoteny gpu-step
set -euo pipefail
cd "$(dirname "$0")/.."
tests= bench=
if [ "${1:-}" = --tests ]; then tests=1 && shift; fi
if [ "${1:-}" = --bench ]; then bench=1 && shift; fi
out=${1:-.gpu}
rm -rf "$out" && mkdir -p "$out"
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

publish() { dotnet publish "$1" -c Release -r linux-x64 --self-contained false -p:CarryLibtorch=false -o "$2" --nologo -v q; }

publish src/Host "$stage/host"
if [ -n "$tests" ]; then
  for project in Core Plugins Parity; do publish "tests/$project.Tests" "$stage/tests"; done
  publish eng/test-runner "$stage/tests"
  # Without a deps.json every assembly in the folder can be loaded, which is what a program that runs other people's assemblies wants.
  rm -f "$stage"/tests/*.deps.json
  # What dotnet test needs and the runner of the bundle does not.
  rm -rf "$stage"/tests/{*.pdb,*.xml,Microsoft.CodeCoverage*,Microsoft.TestPlatform.*,Microsoft.VisualStudio.*,testhost*,coverlet.*,xunit.runner.*,Mono.Cecil*}
fi

if [ -n "$bench" ]; then publish bench/Benchmarks "$stage/bench"; fi

dotnet_root=$(dirname "$(readlink -f "$(command -v dotnet)")")
version=$(dotnet --list-runtimes | awk '$1 == "Microsoft.NETCore.App" && $2 ~ /^10\./ { v = $2 } END { print v }')
mkdir -p "$stage/dotnet/shared/Microsoft.NETCore.App"
cp -r "$dotnet_root/dotnet" "$dotnet_root/host" "$stage/dotnet/"
cp -r "$dotnet_root/shared/Microsoft.NETCore.App/$version" "$stage/dotnet/shared/Microsoft.NETCore.App/"
# Debuggers' halves of the runtime.
find "$stage/dotnet" \( -name 'libmscordaccore.so' -o -name 'libmscordbi.so' -o -name 'libcoreclrtraceptprovider.so' \) -delete
# Host and tests share most of their files: sorted by name, equal ones lie side by side and cost nothing.
(cd "$stage" && find . -type f | awk -F/ '{ print $NF "\t" $0 }' | sort | cut -f2) > "$stage.list"
XZ_OPT=${XZ_OPT:--6} tar -C "$stage" -cJf "$out/bundle.tar.xz" --no-recursion -T "$stage.list"
rm -f "$stage.list"

cat > "$out/neoteny" <<'RUN'
#!/usr/bin/env bash
# Runs Neoteny on this machine's PyTorch. NEOTENY_LIBTORCH names another libtorch.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
home=${NEOTENY_BUNDLE_HOME:-/tmp/neoteny-bundle}
if [ ! -e "$home/.complete" ] || [ "$here/bundle.tar.xz" -nt "$home/.complete" ]; then
  rm -rf "$home" && mkdir -p "$home"
  tar -C "$home" -xJf "$here/bundle.tar.xz"
  touch "$home/.complete"
fi
if [ -z "${NEOTENY_LIBTORCH:-}" ]; then
  NEOTENY_LIBTORCH=$(python3 -c 'import importlib.util, os; print(os.path.join(os.path.dirname(importlib.util.find_spec("torch").origin), "lib"))')
fi
export NEOTENY_LIBTORCH DOTNET_ROOT="$home/dotnet"
packages=$(dirname "$(dirname "$NEOTENY_LIBTORCH")")
for lib in "$packages"/nvidia/*/lib /usr/local/nvidia/lib64; do
  if [ -d "$lib" ]; then LD_LIBRARY_PATH="$lib:${LD_LIBRARY_PATH:-}"; fi
done
export LD_LIBRARY_PATH="$NEOTENY_LIBTORCH:${LD_LIBRARY_PATH:-}"
program=${NEOTENY_BUNDLE_PROGRAM:-neoteny}
case $program in */*) ;; *) program=host/$program ;; esac
exec "$home/dotnet/dotnet" "$home/$program.dll" "$@"
RUN
chmod +x "$out/neoteny"
du -sh "$out"
