"""symbols - which source file defines and which one uses each symbol

Reads with nm(1) the objects that lie below a build folder (build/gcc). An
object's path names its source: build/gcc/lib/base/cli.o is lib/base/cli.c,
build/gcc/kernels/cpu/gemm.v3.o is kernels/cpu/gemm.c. What the simulator's
tests make: build/gcc/cudasim/cuda.o is kernels/cuda.c once more, and
build/gcc/cudasim/gemm.o is kernels/cuda/gemm.cu.
"""
import os
import re
import subprocess
import sys


def source(path):
    """The source of an object, by its path below the build folder."""
    stem = re.sub(r"(\.(v1|v3|v4|generic))?\.o$", "", path)
    stem = re.sub(r"^cudasim/cuda$", "kernels/cuda", stem)
    stem = re.sub(r"^cudasim/", "kernels/cuda/", stem)
    for end in ("", ".c", ".cu"):
        if os.path.splitext(stem + end)[1] and os.path.exists(stem + end):
            return stem + end
    return None


def read(build):
    """(defines, uses): from a source to the set of its global symbols, and
    to the set of symbols that it takes from elsewhere. Objects whose source
    is gone are passed over, and nvcc's: its stubs use each other."""
    objects = {}
    for folder, _, names in os.walk(build):
        for name in names:
            path = os.path.join(folder, name)
            if name.endswith(".o"):
                below = os.path.relpath(path, build)
                src = source(below)
                if src and not below.startswith("kernels/cuda/"):
                    objects[path] = src
    if not objects:
        sys.exit(f"{build}: no objects; run make first")
    out = subprocess.run(["nm", "-A", "-P", "-g"] + sorted(objects),
                         check=True, capture_output=True, text=True).stdout
    defines, uses = {}, {}
    for src in objects.values():
        defines.setdefault(src, set())
        uses.setdefault(src, set())
    for line in out.splitlines():
        path, rest = line.split(": ", 1)
        name, kind = rest.split()[:2]
        if name.startswith("__"):  # of compilers and sanitizers
            continue
        (uses if kind in "Uvw" else defines)[objects[path]].add(name)
    return defines, uses
