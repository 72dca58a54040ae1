"""torch_clip.h: what torch.nn.utils.clip_grad_norm_ does to bf16 gradients.

    python make_torch_clip.py >torch_clip.h        (torch 2.15.0, CPU)

Each tensor's norm, the norm of those, the coefficient and the clipped values
are bf16.
"""
import torch

torch.set_num_threads(1)
sizes = [7, 64, 33, 200, 1]
g = torch.Generator().manual_seed(4)


def bits(t):
    return (t.view(torch.int16).int() & 0xFFFF).tolist()


def array(v):
    lines = [", ".join(f"0x{x:04x}" for x in v[i:i + 9])
             for i in range(0, len(v), 9)]
    return "{" + ",\n      ".join(lines) + "}"


cases = []
for scale, top in ((0.01, 1.0), (1.0, 1.0), (0.3, 0.25), (37.0, 1.0),
                   (2.0 ** -20, 1.0), (0.05, 0.7), (0.05, 0.9)):
    ps = []
    for n in sizes:
        p = torch.zeros(n, dtype=torch.bfloat16, requires_grad=True)
        p.grad = (torch.randn(n, generator=g) * scale).bfloat16()
        ps.append(p)
    before = sum((bits(p.grad) for p in ps), [])
    norm = torch.nn.utils.clip_grad_norm_(ps, top)
    assert norm.dtype == torch.bfloat16
    cases.append((top, float(norm), before, sum((bits(p.grad) for p in ps), [])))
print(f"/* torch {torch.__version__.split('+')[0]}: make_torch_clip.py */")
print(f"enum {{ CLIP_TENSORS = {len(sizes)}, CLIP_VALUES = {sum(sizes)}, "
      f"CLIP_CASES = {len(cases)} }};")
print("static const int clip_sizes[CLIP_TENSORS] = {"
      + ", ".join(map(str, sizes)) + "};")
print("static const struct {\n    double max, norm;\n    uint16_t before[CLIP_"
      "VALUES], after[CLIP_VALUES];\n} clip_cases[CLIP_CASES] = {")
for top, norm, b, a in cases:
    print(f"    {{{top!r}, {norm!r},\n     {array(b)},\n     {array(a)}}},")
print("};")
