# aarch64 - another machine, the same bits: the run of tests/golden/bits, cross-
# compiled and emulated, gives the SHA-256 that x86-64 gives
#
# Needs a cross compiler, qemu-user and static arm64 libraries
# (tests/parity/aarch64_sysroot). The verifier is the native one: it reads text
# and writes 1 or -1. Built into build/aarch64, which a second run finds.
set -u -o pipefail
name=aarch64_gives_the_same_bits
cc=aarch64-linux-gnu-gcc
root=${AARCH64_SYSROOT:-$PWD/build/aarch64-sysroot}
libs=$root/usr/lib/aarch64-linux-gnu
[ -d "$libs" ] || libs=/usr/lib/aarch64-linux-gnu
skip() { echo "skip $name: $1"; exit 0; }
command -v $cc >/dev/null || skip "no $cc"
qemu=$(command -v qemu-aarch64 || command -v qemu-aarch64-static) ||
    skip "no qemu-aarch64"
[ "${SAN:-0}" = 0 ] || skip "not under sanitizers"
for l in jansson msgpackc zstd z xxhash pcre2-8 utf8proc; do
    [ -f "$libs/lib$l.a" ] ||
        skip "no arm64 lib$l.a (tests/parity/aarch64_sysroot gets it)"
done

. tests/golden/bits/run.bash
out=build/aarch64
programs=(pretrain draw rollout tokenize dapo-step)
if ! env -u MAKEFLAGS -u MAKELEVEL make -j2 ARCH=aarch64 OPT=-O2 \
    STRIP=aarch64-linux-gnu-strip B=$out BIN=$out/bin \
    CC="$cc -static -isystem $root/usr/include -L$libs" \
    "${programs[@]/#/$out/bin/}" >"$T/make" 2>&1; then
    echo "not ok $name: does not build: $(grep -m 1 -i error "$T/make")"
    exit 1
fi
BIN=$out/bin
AS=$qemu
base "$T/base" && tokens && loop "$T/base" "$T/ck" 2 fp32 "" "" ||
    echo "not ok $name: the run failed"
hashes base ck >"$T/sums"
if cmp -s "$T/sums" $golden/smoke.sha256; then
    echo "ok $name"
else
    echo "not ok $name: $(diff $golden/smoke.sha256 "$T/sums" | tr '\n' ' ')"
fi
