# man - a manual page from what `NAME --help` prints (lib/base/cli_help.c)
#
#   NAME --help | awk -v version=0.2.0 -f pipelines/man.awk >NAME.1

# What cli_help wraps at WIDTH columns is one line again: a line was broken by
# it where the next word would not have fitted.
function broken(line, next_one,   word) {
    word = next_one
    sub(/^ +/, "", word)
    sub(/ .*/, "", word)
    return length(line) + 1 + length(word) > 80
}
function troff(s) {
    gsub(/\\/, "\\e", s)
    gsub(/-/, "\\-", s)
    return s ~ /^[.']/ ? "\\&" s : s
}
function is_heading(i) { # over options
    return line[i] ~ /^[A-Z][A-Za-z ]*:$/ && line[i + 1] ~ /^  -/
}
function is_end(i) { return i > n || line[i] == "Exit status:" }
# Text from line i on, at column `at`, up to a line that is not there.
function text(i, at,   s, out) {
    out = ""
    while (i <= n && line[i] != "" && match(line[i], /^ */) && RLENGTH >= at) {
        s = substr(line[i], at + 1)
        out = out troff(s)
        i++
        if (i <= n && line[i] != "" && match(line[i], /^ */) && RLENGTH >= at)
            out = out (broken(line[i - 1], line[i]) ? "\n" : "\n.br\n")
    }
    after = i
    return out
}
function verbatim(i,   s) { # indented lines as they are
    print ".nf"
    for (; i <= n && line[i] != ""; i++) {
        s = line[i]
        sub(/^  /, "", s)
        print troff(s)
    }
    print ".fi"
    return i
}
function option(i,   s, left) {
    left = length(line[i]) > 26 && substr(line[i], 26, 1) == " " ? \
        substr(line[i], 1, 25) : line[i]
    gsub(/^ +| +$/, "", left)
    print ".TP"
    print ".B " troff(left)
    if (length(line[i]) > 26 && substr(line[i], 26, 1) == " ") {
        s = line[i]
        line[i] = sprintf("%26s", "") substr(s, 27)
        print text(i, 26)
    } else
        print text(i + 1, 26)
    return after
}
{ line[++n] = $0 }
END {
    name = line[1]
    sub(/ - .*/, "", name)
    printf ".TH %s 1 \"\" \"ulp %s\" \"ulp\"\n.SH NAME\n", toupper(troff(name)), version
    print troff(name) " \\- " troff(substr(line[1], length(name) + 4))
    print ".SH SYNOPSIS"
    i = 3
    sub(/^Usage: /, "", line[3])
    print ".nf"
    for (; line[i] != ""; i++) {
        sub(/^ +/, "", line[i])
        print troff(line[i])
    }
    print ".fi"
    started = 0
    for (; !is_end(i) && !is_heading(i) && line[i] != "Options:"; i++)
        if (line[i] != "") {
            print started++ ? ".PP" : ".SH DESCRIPTION"
            print text(i, 0)
            i = after
        }
    print ".SH OPTIONS"
    while (!is_end(i)) {
        if (is_heading(i) && line[i] != "Options:")
            print ".SS " substr(line[i], 1, length(line[i]) - 1)
        if (line[i] ~ /^  -/)
            i = option(i)
        else
            i++
    }
    print ".SH EXIT STATUS"
    for (i++; i <= n && line[i] != ""; i++)
        print ".TP\n" troff(substr(line[i], 3, 1)) "\n" troff(substr(line[i], 6))
    for (; i <= n; i++) {
        if (line[i] == "Example:") {
            print ".SH EXAMPLES"
            i = verbatim(i + 1)
        } else if (line[i] ~ /^See also: /) {
            print ".SH SEE ALSO"
            k = split(substr(line[i], 11), see, /, */)
            for (j = 1; j <= k; j++)
                print ".B " troff(see[j]) (see[j] ~ /[\/.]/ ? "" : "(1)") (j < k ? "," : "")
        }
    }
}
