# hosts.bash - two hosts on this machine, alpha and beta: network, host name, boot id,
# IPC, /dev/shm and /tmp of their own; a cable between them; $T, $BIN and the
# project's folder in common, as on a shared file system. Sourced after tests/lib.sh.
hosts_lack() { # why there can be none here, or nothing
    command -v ip >/dev/null || { echo 'no ip (package iproute2)'; return; }
    unshare -n -u -i -m mount -t sysfs none /sys 2>/dev/null || { echo 'no namespaces may be made here'; return; }
    unshare -n ip link add one type veth peer name two 2>/dev/null || echo 'no pair of network devices may be made here'
}
declare -A host_pid
host_up() { # NAME: host_pid has a process there
    cat /proc/sys/kernel/random/uuid >"$T/boot_id.$1"
    # shellcheck disable=SC2016 # the script's own
    setpriv --pdeathsig KILL unshare -n -u -i -m bash -c '
        set -e
        name=$1 T=$2 own=$2/own.$1
        shift
        hostname "$name"
        mkdir "$own"
        mount -t tmpfs none "$own"
        for shared; do
            case $shared in /tmp/*) mkdir -p "$own${shared#/tmp}"; mount --bind "$shared" "$own${shared#/tmp}" ;; esac
        done
        mount --bind "$T/hosts" /etc/hosts
        mount --bind "$T/boot_id.$name" /proc/sys/kernel/random/boot_id
        mount -t tmpfs none /dev/shm
        mount -t sysfs none /sys
        mount --move "$own" /tmp
        ip link set lo up
        echo up >"$T/up.$name"
        exec sleep infinity' - "$1" "$T" "$PWD" "$BIN" </dev/null >/dev/null 2>"$T/up.err" &
    host_pid[$1]=$!
    for _ in $(seq 200); do
        [ ! -s "$T/up.$1" ] || return 0
        kill -0 $! 2>/dev/null || return 1
        sleep 0.05
    done
    return 1
}
hosts_up() { # then "$T/on" HOST COMMAND... runs it there
    printf '127.0.0.1 localhost\n10.77.0.1 alpha\n10.77.0.2 beta\n' >"$T/hosts"
    host_up alpha && host_up beta &&
        ip link add cable netns "${host_pid[alpha]}" type veth peer name cable netns "${host_pid[beta]}" || return
    # MPI takes TCP, and not what processes of one machine could use besides
    cat >"$T/on" <<S
#!/bin/bash
# HOST COMMAND...: there; as ssh: options are skipped
while [[ \$1 = -* ]]; do shift; done
case \$1 in alpha) p=${host_pid[alpha]} ;; beta) p=${host_pid[beta]} ;; *) echo "on: no host \$1" >&2; exit 255 ;; esac
shift
exec nsenter -t \$p -n -u -i -m -- env TMPDIR=/tmp OMPI_MCA_btl=tcp,self UCX_TLS=tcp,self bash -c 'cd "\$0" && exec "\$@"' "\$PWD" "\$@"
S
    # what mpirun starts its other hosts by: words of a shell
    cat >"$T/rsh" <<S
#!/bin/bash
while [[ \$1 = -* ]]; do shift; done
host=\$1
shift
exec "$T/on" "\$host" bash -c "\$*"
S
    chmod +x "$T/on" "$T/rsh"
    "$T/on" alpha ip addr add 10.77.0.1/24 dev cable && "$T/on" beta ip addr add 10.77.0.2/24 dev cable && cable up
}
cable() { # up or down
    "$T/on" beta ip link set cable "$1" && { [ "$1" = down ] || "$T/on" alpha ip link set cable up; }
}
host_of() { # PID: alpha, beta or nothing
    local h at
    at=$(readlink "/proc/$1/ns/uts") || return
    for h in alpha beta; do [ "$at" != "$(readlink "/proc/${host_pid[$h]}/ns/uts")" ] || echo $h; done
}
hosts_down() { # with all that runs there
    local p all=()
    for p in /proc/[0-9]*; do [ -z "$(host_of "${p#/proc/}" 2>/dev/null)" ] || all+=("${p#/proc/}"); done
    kill -9 "${all[@]}" 2>/dev/null
}
