# twins - an operation's CPU and CUDA code are in files of one name
set -u
. tests/lib.sh twins
# OPERATION FILE, without folder and suffix
files() { # FILES
    grep -oE '^OP\([^)]*, [a-z_]+\)' "$@" |
        sed -E 's#^[^:]*/([a-z_]+)\.cu?:OP\(.*, ([a-z_]+)\)$#\2 \1#' | sort
}
is each_operation_has_twins "" "$(diff <(files kernels/cpu/*.c) <(files kernels/cuda/*.cu) 2>&1)"
is every_operation_is_listed "" "$(diff <(files kernels/cpu/*.c | cut -d' ' -f1) \
    <(sed -nE 's/^ *X\((\w+), .*/\1/p' kernels/ops.h | sort) 2>&1)"
