#!/bin/bash
# bundle.sh DIR TAR FILES...: completes DIR (bin/ and gpu/ are there) with the
# shared libraries that its programs need beyond glibc and with FILES, packs it
# as TAR, and tries it: unpacked elsewhere, in an empty environment, every
# program must start
set -euo pipefail
dir=$1 tar=$2
shift 2
rm -rf "${dir:?}/lib"
mkdir -p "$dir/lib"
tar cf - "$@" | tar xf - -C "$dir"
cp tests/gpu/check-gpu.sh tests/bench/gpu/bench-gpu.sh "$dir/"
for p in "$dir"/bin/* "$dir"/gpu/*; do
    case $p in *.c) ;; *) ldd "$p" ;; esac
done | awk '/=> \// { print $3 }' | sort -u |
    grep -vE '/(libc|libm|libdl|librt|libpthread|libstdc\+\+|libgcc_s|ld-linux-x86-64)\.so' |
    while read -r so; do cp -L "$so" "$dir/lib/"; done
cat >"$dir/README.txt" <<'TEXT'
ulp on one GPU

    sh check-gpu.sh     does all of it hold? (ok / not ok / skip)
    sh bench-gpu.sh     how fast is it, beside its bounds?

Nothing is built or downloaded. Needs an NVIDIA driver for CUDA 13, bash,
coreutils and awk; order=hardware needs cuBLASLt of the CUDA Toolkit 13 (looked
for on the usual paths and among Python's packages; ULP_CUBLASLT=FILE names it).
Used where they are: make, compute-sanitizer, nvidia-smi, Python 3 with torch
and transformers. Both scripts take names of parts: see their first lines.
TEXT
# The programs carry the same kernels: the dictionary spans several of them.
tar --sort=name --owner=0 --group=0 --mtime=@0 -C "$(dirname "$dir")" \
    -cf - "$(basename "$dir")" |
    xz -T1 --lzma2=preset=1,dict=96MiB >"$tar.tmp"
mv "$tar.tmp" "$tar"

try=$(mktemp -d "${TMPDIR:-/tmp}/ulp-bundle.XXXXXX")
trap 'rm -rf "$try"' EXIT
tar xf "$tar" -C "$try"
cd "$try"/*/
for p in bin/*; do
    case $p in *.c | *.h) continue ;; esac
    env -i "$p" --version >/dev/null || { echo "bundle: $p does not start" >&2; exit 1; }
done
for s in check-gpu.sh bench-gpu.sh; do
    rc=0
    said=$(env -i PATH=/usr/bin:/bin sh $s none 2>&1) || rc=$?
    case $rc:$said in
    1:*'device cuda: '* | 2:*"no part 'none'"*) ;;
    *) echo "bundle: $s: exit status $rc: $said" >&2; exit 1 ;;
    esac
done
glibc=$(cat bin/* gpu/* lib/* | grep -aoE 'GLIBC_2\.[0-9]+' | sort -uV | tail -n 1)
echo "$tar: $(du -h "$tar" | cut -f 1), $(ls gpu | wc -l) test programs, $(ls lib | wc -l) libraries beside them, needs ${glibc/_/ }"
echo "there: tar xf ${tar##*/}, or python3 -m tarfile -e ${tar##*/}; then sh check-gpu.sh, sh bench-gpu.sh in gpu-bundle"
