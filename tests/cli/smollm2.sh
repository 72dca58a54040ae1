# data/smollm2.sh: what it refuses, and that nothing is left where it fails. The
# download itself is no part of the tests.
set -u
. tests/lib.sh smollm2
fails no_folder 2 usage: data/smollm2.sh
fails an_unknown_type 2 usage: data/smollm2.sh --type fp16 "$T/m"
fails two_folders 2 usage: data/smollm2.sh "$T/m" "$T/n"
mkdir "$T/there"
fails a_folder_that_exists 1 "$T/there exists" data/smollm2.sh "$T/there"
mkdir "$T/tmp"
PIP_INDEX_URL=file://$T/nowhere PIP_NO_INDEX=1 TMPDIR=$T/tmp \
    fails without_packages 1 'smollm2: p' data/smollm2.sh "$T/m"
is nothing_is_left "" "$(ls "$T/tmp"; ls -d "$T"/m* 2>/dev/null)"
