"""Operations of a Qwen2 as one kernel each: fp32 inside, rounded once, which is
what ulp's kernels do. torch rounds after every tensor operation within them.

fuse(model, ops) replaces those of norm, swiglu, rope and attention that `ops`
names; unfuse(model) takes them back.
"""
import torch
from torch.nn import functional as F
from transformers.models.qwen2 import modeling_qwen2 as qwen2


class Norm(torch.autograd.Function):
    """RMSNorm. transformers rounds x / rms before the weight, and dy * weight."""

    @staticmethod
    def forward(ctx, x, w, eps):
        v = x.float()
        rstd = torch.rsqrt((v * v).mean(-1, keepdim=True) + eps)
        ctx.save_for_backward(x, w, rstd)
        return (v * rstd * w.float()).to(x.dtype)

    @staticmethod
    def backward(ctx, dy):
        x, w, rstd = ctx.saved_tensors
        h, g = x.float() * rstd, dy.float() * w.float()
        mean = (g * h).mean(-1, keepdim=True)
        dw = (dy.float() * h).sum(tuple(range(dy.dim() - 1)))
        return ((g - h * mean) * rstd).to(x.dtype), dw.to(w.dtype), None


class Swiglu(torch.autograd.Function):
    """torch rounds silu(gate) before it multiplies by up."""

    @staticmethod
    def forward(ctx, gate, up):
        ctx.save_for_backward(gate, up)
        g = gate.float()
        return (g * torch.sigmoid(g) * up.float()).to(gate.dtype)

    @staticmethod
    def backward(ctx, dy):
        gate, up = ctx.saved_tensors
        g, u, d = gate.float(), up.float(), dy.float()
        s = torch.sigmoid(g)
        return (((d * u) * (s * (1 + g * (1 - s)))).to(gate.dtype),
                (d * (g * s)).to(gate.dtype))


class Rope(torch.autograd.Function):
    """transformers rounds cosines, sines, both products and their sum."""

    @staticmethod
    def forward(ctx, x, cos, sin):
        ctx.save_for_backward(cos, sin)
        a, b = x.float().chunk(2, -1)
        return (x.float() * cos + torch.cat((-b, a), -1) * sin).to(x.dtype)

    @staticmethod
    def backward(ctx, dy):
        cos, sin = ctx.saved_tensors
        a, b = dy.float().chunk(2, -1)
        return ((dy.float() * cos + torch.cat((b, -a), -1) * sin).to(dy.dtype),
                None, None)


class Attention(torch.autograd.Function):
    """q [batch][heads][tokens][head_dim], k and v likewise of their heads;
    causal. The weights stay in fp32."""

    @staticmethod
    def forward(ctx, q, k, v, scale):
        n = q.shape[1] // k.shape[1]
        K, V = (x.float().repeat_interleave(n, 1) for x in (k, v))
        s = q.float() @ K.transpose(-1, -2) * scale
        seen = torch.ones(s.shape[-2:], dtype=torch.bool).tril()
        p = torch.softmax(s.masked_fill(~seen, -torch.inf), -1)
        o = (p @ V).to(q.dtype)
        ctx.save_for_backward(q, k, v, p, o)
        ctx.scale = scale
        return o

    @staticmethod
    def backward(ctx, do):
        q, k, v, p, o = ctx.saved_tensors
        n = q.shape[1] // k.shape[1]
        K, V = (x.float().repeat_interleave(n, 1) for x in (k, v))
        d = do.float()
        delta = (d * o.float()).sum(-1, keepdim=True)
        ds = p * (d @ V.transpose(-1, -2) - delta) * ctx.scale

        def of_group(x):  # query heads that share keys and values
            b, h, t, size = x.shape
            return x.view(b, h // n, n, t, size).sum(2).to(q.dtype)

        return ((ds @ K).to(q.dtype),
                of_group(ds.transpose(-1, -2) @ q.float()),
                of_group(p.transpose(-1, -2) @ d), None)


def angles(layer, n):
    """cos and sin of n positions, [n][head_dim], in fp32."""
    d = layer.head_dim
    theta = layer.config.rope_parameters["rope_theta"]
    inv = 1.0 / theta ** (torch.arange(0, d, 2).float() / d)
    a = torch.arange(n).float()[:, None] * inv
    a = torch.cat((a, a), -1)
    return a.cos(), a.sin()


def attention_of(layer, ops):
    def forward(hidden_states, position_embeddings, **_):
        b, n, _ = hidden_states.shape
        q, k, v = (f(hidden_states).view(b, n, -1, layer.head_dim)
                   .transpose(1, 2)
                   for f in (layer.q_proj, layer.k_proj, layer.v_proj))
        if "rope" in ops:
            q, k = (Rope.apply(x, *angles(layer, n)) for x in (q, k))
        else:
            q, k = qwen2.apply_rotary_pos_emb(q, k, *position_embeddings)
        if "attention" in ops:
            o = Attention.apply(q, k, v, layer.scaling)
        else:
            o = F.scaled_dot_product_attention(
                q, k, v, is_causal=True, scale=layer.scaling, enable_gqa=True)
        return layer.o_proj(o.transpose(1, 2).reshape(b, n, -1)), None
    return forward


def forward_of(m, ops):
    if isinstance(m, qwen2.Qwen2RMSNorm) and "norm" in ops:
        return lambda x: Norm.apply(x, m.weight, m.variance_epsilon)
    if isinstance(m, qwen2.Qwen2MLP) and "swiglu" in ops:
        return lambda x: m.down_proj(Swiglu.apply(m.gate_proj(x),
                                                  m.up_proj(x)))
    if isinstance(m, qwen2.Qwen2Attention) and {"rope", "attention"} & ops:
        return attention_of(m, ops)
    return None


def fuse(model, ops):
    for m in model.modules():
        forward = forward_of(m, set(ops))
        if forward:
            m.forward = forward


def unfuse(model):
    for m in model.modules():
        if isinstance(m, (qwen2.Qwen2RMSNorm, qwen2.Qwen2MLP,
                          qwen2.Qwen2Attention)):
            m.__dict__.pop("forward", None)
