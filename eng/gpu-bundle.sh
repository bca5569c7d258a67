#!/usr/bin/env bash
# Makes a self-contained folder that runs on a GPU machine with PyTorch and nothing else: the .NET runtime, the host and its plugins,
# no libtorch (PyTorch's own serves). Usage: eng/gpu-bundle.sh [folder, default .gpu]. On the GPU machine: <folder>/neoteny train run.yml
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-.gpu}
rm -rf "$out" && mkdir -p "$out"
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

dotnet publish src/Host -c Release -r linux-x64 --self-contained false -p:CarryLibtorch=false -o "$stage/host" --nologo -v q
dotnet_root=$(dirname "$(readlink -f "$(command -v dotnet)")")
version=$(dotnet --list-runtimes | awk '$1 == "Microsoft.NETCore.App" && $2 ~ /^10\./ { v = $2 } END { print v }')
mkdir -p "$stage/dotnet/shared/Microsoft.NETCore.App"
cp -r "$dotnet_root/dotnet" "$dotnet_root/host" "$stage/dotnet/"
cp -r "$dotnet_root/shared/Microsoft.NETCore.App/$version" "$stage/dotnet/shared/Microsoft.NETCore.App/"
XZ_OPT=${XZ_OPT:--3} tar -C "$stage" -cJf "$out/bundle.tar.xz" dotnet host

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
exec "$home/dotnet/dotnet" "$home/host/${NEOTENY_BUNDLE_PROGRAM:-neoteny}.dll" "$@"
RUN
chmod +x "$out/neoteny"
du -sh "$out"
