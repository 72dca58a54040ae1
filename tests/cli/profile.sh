#!/bin/bash
# profile - the timeline of make profile: round times in seconds, minutes or hours,
# all of it inside the picture
set -u
. tests/lib.sh profile
mkdir -p "$T/r/.make"
times() { # SECONDS: the texts below the axis of a make that took so long
    printf '1000.0\t%s\t1\ttrain\ta <b> & c\n' "$(awk -v s="$1" 'BEGIN { printf "%.3f", 1000 + s }')" >"$T/r/.make/profile.stages"
    pipelines/profile "$T/r" --model dapo-step >"$T/out" 2>"$T/err" || cat "$T/err"
    grep -o 'text-anchor="[a-z]*">[^<]*' "$T/r/.make/profile.svg" | sed 's/.*>//' | paste -sd, -
}
gives seconds "$(times 0.93)" '0 s,0.1 s,0.2 s,0.3 s,0.4 s,0.5 s,0.6 s,0.7 s,0.8 s,0.9 s'
gives minutes "$(times 599.7)" '0 min,1 min,2 min,3 min,4 min,5 min,6 min,7 min,8 min,9 min'
gives hours "$(times 36000)" '0 h,1 h,2 h,3 h,4 h,5 h,6 h,7 h,8 h,9 h,10 h'
gives weeks "$(times 3000000)" '0 h,96 h,192 h,288 h,384 h,480 h,576 h,672 h,768 h'
check it_is_xml python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$T/r/.make/profile.svg"
times 36000 >/dev/null
gives the_last_one_ends_in_the_picture "$(grep -o '[a-z]*">10 h' "$T/r/.make/profile.svg")" 'end">10 h'
