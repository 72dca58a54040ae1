# The README's first command on a Debian 12 that has git, make and nothing else:
# it works at the first try, with and without -j, and what it makes has the bytes
# of a run that finds all packages there.
#
# Needs root, debootstrap and the Debian mirror that apt uses here. It takes
# minutes and downloads packages, so `make check` runs it only with BARE=1.
#
# takes: 369 s
#
# One verdict: ok, not ok, or skip with the reason.
set -u
name=first_command_on_a_bare_debian
skip() { echo "skip $name: $1"; exit 0; }
fail() {
    tail -n 15 "$T/log" >&2
    echo "not ok $name: $1"
    exit 1
}
step() { echo "$(date +%T) $1" >&2; }

# --- a root folder with Debian 12 ---------------------------------------------
[ "$(id -u)" = 0 ] || skip 'not root'
command -v debootstrap >/dev/null ||
    { apt-get update -q && apt-get install -y -q --no-install-recommends debootstrap; } >"$T/log" 2>&1 ||
    skip 'no debootstrap, and apt-get cannot install it'
mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 2>/dev/null |
    awk '$2 == "bookworm" && $3 == "main" { print $1; exit }')
[ -n "$mirror" ] || skip "apt has no mirror of Debian 12 on this machine"
# What apt is told about proxies, debootstrap takes from the environment.
proxy() { eval "$(apt-config shell P "Acquire::$1::Proxy")"; echo "${P:-}"; }
export http_proxy=${http_proxy:-$(proxy http)} https_proxy=${https_proxy:-$(proxy https)}
[ -n "$http_proxy" ] || unset http_proxy
[ -n "$https_proxy" ] || unset https_proxy
step 'debootstrap'
unshare -m debootstrap --variant=minbase --include=git,make bookworm "$T/root" "$mirror" >"$T/log" 2>&1 ||
    skip "debootstrap failed: $(tail -n 1 "$T/log")"
# How this machine reaches its mirror; debootstrap wrote the sources themselves.
cp -a /etc/apt/apt.conf.d /etc/apt/auth.conf.d /etc/apt/trusted.gpg.d "$T/root/etc/apt/" 2>/dev/null
cp -a /etc/apt/apt.conf /etc/apt/trusted.gpg "$T/root/etc/apt/" 2>/dev/null
cp -L /etc/resolv.conf /etc/hosts "$T/root/etc/" 2>/dev/null
mkdir -p "$T/root/etc/ssl"
cp -aL /etc/ssl/certs "$T/root/etc/ssl/" 2>/dev/null
mkdir "$T/root/ulp"
git -c safe.directory='*' ls-files -z --cached --others --exclude-standard |
    tar cf - --null --ignore-failed-read -T - 2>/dev/null | tar xf - -C "$T/root/ulp"
[ -e "$T/root/ulp/Makefile" ] || fail 'the tree could not be copied'
cp -a "$T/root" "$T/root-j"

# in ROOT COMMAND: as in a login on that machine; its mounts end with it. With a
# root of its own (not a chroot) it may make user namespaces, where it is let.
in_root() {
    unshare -m --propagation private bash -c '
        mount --bind "$1" "$1" && cd "$1" &&
        mount -t proc proc proc && mount --rbind /dev dev && mkdir -p .outside &&
        pivot_root . .outside && umount -l .outside &&
        exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb \
            ${3:+http_proxy=$3} ${4:+https_proxy=$4} \
            chroot . bash -c "cd /ulp && $2"' \
        - "$1" "$2" "${http_proxy:-}" "${https_proxy:-}" >"$T/log" 2>&1 </dev/null
}
in_root "$T/root" true || skip "cannot enter a new root: $(tail -n 1 "$T/log")"
in_root "$T/root" 'command -v gcc || command -v python3' && fail 'the new root is not bare'
digests() { (cd "$1/ulp" && find "$2" -type f ! -path '*/.make/*' ! -name '*.png' | LC_ALL=C sort | xargs sha256sum); }
stages() { grep -c '^\[' "$T/log"; }

# --- the first command, and the second time nothing -----------------------------
step 'make deps results/analysis/summary.txt'
in_root "$T/root" 'make deps results/analysis/summary.txt' || fail 'the first command failed'
[ -s "$T/root/ulp/results/analysis/summary.txt" ] || fail 'no summary'
digests "$T/root" results >"$T/first"
step 'make results/analysis/summary.txt, again'
in_root "$T/root" 'make results/analysis/summary.txt' || fail 'the second run failed'
[ "$(stages)" = 0 ] || fail "the second run ran $(stages) stages"
digests "$T/root" results | cmp -s - "$T/first" || fail 'the second run changed results'

# --- with -j, and from nothing with the packages there ---------------------------
step 'make -j4 deps, another root, the smoke preset'
small='PRESET=smoke R=small small/analysis/summary.txt'
# what was downloaded is not downloaded again
cp "$T/root/var/cache/apt/archives/"*.deb "$T/root-j/var/cache/apt/archives/" 2>/dev/null
in_root "$T/root-j" "make -j4 deps $small" || fail 'with -j4 it failed'
step 'the smoke preset where the packages are there'
in_root "$T/root" "make $small" || fail 'the smoke preset failed'
digests "$T/root-j" small >"$T/first"
digests "$T/root" small | cmp -s - "$T/first" ||
    fail "other bytes where packages were there before: $(digests "$T/root" small | diff - "$T/first" | sed -n 2p)"
echo "ok $name"
