# cuda_report - the lines of ptxas -v as a table; see bench_gpu.mk
#
# -v allow=FILE: lines "KERNEL ARCH BYTES", what a kernel may spill (stores and
# loads together, # begins a comment); any other may spill nothing. Exit status
# 1 when one spills more, 2 when there is no kernel in the input.
BEGIN {
    while ((getline line < allow) > 0) {
        sub(/#.*/, "", line)
        if (split(line, f, " ") == 3)
            may[f[1], f[2]] = f[3]
    }
    format = "%-44s %-6s %9s %6s %6s %7s  %s"
    printf format "\n", "kernel", "arch", "registers", "stack", "spill", "shared", ""
}
/Compiling entry function/ {
    split($0, q, "'")
    name = q[2]
    arch = q[4]
}
/bytes stack frame/ {
    stack = $1
    spill = $5 + $9
}
/ Used [0-9]+ registers/ {
    registers = shared = 0
    for (i = 2; i <= NF; i++) {
        if ($i ~ /^registers/)
            registers = $(i - 1)
        if ($i ~ /^smem/)
            shared = $(i - 2)
    }
    row[++n] = name "\t" arch "\t" registers "\t" stack "\t" spill "\t" shared
}
# as the source has it, without the parameters
function short(name) {
    sub(/^void /, "", name)
    gsub(/\(anonymous namespace\)::/, "", name)
    gsub(/\(dtype\)0/, "f32", name)
    gsub(/\(dtype\)1/, "bf16", name)
    gsub(/\(dtype\)2/, "f16", name)
    gsub(/\((bool|int)\)/, "", name)
    sub(/\(.*/, "", name)
    gsub(/, /, ",", name)
    return name
}
END {
    "mktemp" | getline file
    demangle = system("command -v c++filt >/dev/null 2>&1") ? "cat" : "c++filt"
    for (i = 1; i <= n; i++)
        print row[i] | demangle " >" file
    close(demangle " >" file)
    while ((getline line < file) > 0) {
        split(line, f, "\t")
        name = short(f[1])
        limit = ((name, f[2]) in may) ? may[name, f[2]] : 0
        why = f[5] > limit ? "spills more than " limit " bytes" \
            : f[5] > 0 ? "(allowed)" : ""
        bad += f[5] > limit
        line = sprintf(format, name, f[2], f[3], f[4], f[5], f[6], why)
        sub(/ +$/, "", line)
        print line | "sort"
    }
    close("sort")
    system("rm -f " file)
    if (!n)
        exit 2
    printf "%d kernels, %d spill more than they may (%s); shared: static bytes\n",
        n, bad, allow
    exit bad ? 1 : 0
}
