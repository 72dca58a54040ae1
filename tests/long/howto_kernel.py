"""howto_kernel - the example of docs/HOWTO-kernel.md into the project in the
current folder: `operation` adds its declaration, row and code, `case` its case"""
import re
import sys


def put(path, before, text):
    with open(path) as f:
        old = f.read()
    assert old.count(before) == 1, (path, before)
    with open(path, "w") as f:
        f.write(old.replace(before, text + before))


def create(path, text):
    with open(path, "x") as f:
        f.write(text)


with open("docs/HOWTO-kernel.md") as f:
    declared, cpu, cuda, case = re.findall(r"```c\n(.*?)```", f.read(), re.S)
if sys.argv[1] == "operation":
    put("kernels/kernels.h", "    /* y = a + b, rounded; y may be a. */\n",
        declared)
    put("kernels/ops.h", "    X(add, , ) ", "    X(scale, , ) \\\n")
    create("kernels/cpu/scale.c", cpu)
    create("kernels/cuda/scale.cu", cuda)
else:
    path = "tests/unit/kernels_ops.h"
    put(path, "static const struct {\n    const char *name;\n    ops_case *fn;",
        case + "\n")
    put(path, '    {"linear", ops_linear, 1},', '    {"scale", ops_scale, 0},\n')
