/* model_oracle - a Qwen2 decoder in double, by plain loops
 *
 * Shares nothing with lib/model but the list of tensors: one sequence, one
 * position at a time, attention by its definition, libm, rotation of pairs as
 * complex numbers. Gradients are central differences of it.
 */
#ifndef ULP_MODEL_ORACLE_H
#define ULP_MODEL_ORACLE_H
#include <complex.h>
#include "t.h"
#include "../../lib/model/model.h"

struct oracle {
    const struct config *c;
    const struct params *p;
    const double *w;
};

static const double *ow(const struct oracle *o, int layer, const char *name)
{
    char full[128];

    if (layer >= 0)
        snprintf(full, sizeof full, "model.layers.%d.%s", layer, name);
    else
        snprintf(full, sizeof full, "%s", name);
    for (int i = 0; i < o->p->n; i++)
        if (!strcmp(o->p->v[i].name, full))
            return o->w + o->p->v[i].offset;
    abort();
}

static void o_matvec(double *y, const double *W, const double *b,
                     const double *x, int n, int k)
{
    for (int i = 0; i < n; i++) {
        y[i] = b ? b[i] : 0;
        for (int j = 0; j < k; j++)
            y[i] += W[i * k + j] * x[j];
    }
}

static void o_norm(double *y, const double *x, const double *w, int n,
                   double eps)
{
    double s = 0;

    for (int i = 0; i < n; i++)
        s += x[i] * x[i] / n;
    for (int i = 0; i < n; i++)
        y[i] = x[i] / sqrt(s + eps) * w[i];
}

static void o_rotate(double *x, int heads, int d, int pos, double theta)
{
    for (int h = 0; h < heads; h++)
        for (int i = 0; i < d / 2; i++) {
            double angle = pos * pow(theta, -2.0 * i / d);
            double complex z = x[h * d + i] + I * x[h * d + i + d / 2];

            z *= cexp(I * angle);
            x[h * d + i] = creal(z);
            x[h * d + i + d / 2] = cimag(z);
        }
}

/* x[n][hidden] through layer l */
static void o_layer(const struct oracle *o, int l, double *x, int n)
{
    const struct config *c = o->c;
    int H = c->hidden, d = c->head_dim, nq = c->heads, nk = c->kv_heads;
    double *q = calloc((size_t)(n * nq * d), sizeof *q);
    double *k = calloc((size_t)(n * nk * d), sizeof *k);
    double *v = calloc((size_t)(n * nk * d), sizeof *v);
    double *u = calloc((size_t)(H + 2 * c->ffn + nq * d + n), sizeof *u);
    double *a = u + H, *g = a + nq * d, *up = g + c->ffn, *s = up + c->ffn;

    for (int t = 0; t < n; t++) {
        o_norm(u, x + t * H, ow(o, l, "input_layernorm.weight"), H, c->rms_eps);
        o_matvec(q + t * nq * d, ow(o, l, "self_attn.q_proj.weight"),
                 ow(o, l, "self_attn.q_proj.bias"), u, nq * d, H);
        o_matvec(k + t * nk * d, ow(o, l, "self_attn.k_proj.weight"),
                 ow(o, l, "self_attn.k_proj.bias"), u, nk * d, H);
        o_matvec(v + t * nk * d, ow(o, l, "self_attn.v_proj.weight"),
                 ow(o, l, "self_attn.v_proj.bias"), u, nk * d, H);
        o_rotate(q + t * nq * d, nq, d, t, c->rope_theta);
        o_rotate(k + t * nk * d, nk, d, t, c->rope_theta);
    }
    for (int t = 0; t < n; t++) {
        for (int h = 0; h < nq; h++) {
            int kh = h / (nq / nk);
            double z = 0;

            for (int r = 0; r <= t; r++) {
                s[r] = 0;
                for (int i = 0; i < d; i++)
                    s[r] += q[(t * nq + h) * d + i] * k[(r * nk + kh) * d + i];
                s[r] = exp(s[r] / sqrt(d));
                z += s[r];
            }
            for (int i = 0; i < d; i++) {
                a[h * d + i] = 0;
                for (int r = 0; r <= t; r++)
                    a[h * d + i] += s[r] / z * v[(r * nk + kh) * d + i];
            }
        }
        o_matvec(u, ow(o, l, "self_attn.o_proj.weight"), NULL, a, H, nq * d);
        for (int i = 0; i < H; i++)
            x[t * H + i] += u[i];
        o_norm(u, x + t * H, ow(o, l, "post_attention_layernorm.weight"), H,
               c->rms_eps);
        o_matvec(g, ow(o, l, "mlp.gate_proj.weight"), NULL, u, c->ffn, H);
        o_matvec(up, ow(o, l, "mlp.up_proj.weight"), NULL, u, c->ffn, H);
        for (int i = 0; i < c->ffn; i++)
            g[i] = g[i] / (1 + exp(-g[i])) * up[i];
        o_matvec(u, ow(o, l, "mlp.down_proj.weight"), NULL, g, H, c->ffn);
        for (int i = 0; i < H; i++)
            x[t * H + i] += u[i];
    }
    free(q);
    free(k);
    free(v);
    free(u);
}

/* logits[n][vocab] of one sequence */
static void o_logits(const struct oracle *o, const int32_t *tokens, int n,
                     double *logits)
{
    const struct config *c = o->c;
    int H = c->hidden;
    const double *E = ow(o, -1, "model.embed_tokens.weight");
    double *x = calloc((size_t)((n + 1) * H), sizeof *x), *y = x + n * H;

    for (int t = 0; t < n; t++)
        memcpy(x + t * H, E + tokens[t] * H, (size_t)H * sizeof *x);
    for (int l = 0; l < c->layers; l++)
        o_layer(o, l, x, n);
    for (int t = 0; t < n; t++) {
        o_norm(y, x + t * H, ow(o, -1, "model.norm.weight"), H, c->rms_eps);
        o_matvec(logits + t * c->vocab,
                 c->tied ? E : ow(o, -1, "lm_head.weight"), NULL, y, c->vocab,
                 H);
    }
    free(x);
}

static double o_log_softmax(const double *z, int V, int at, double temp)
{
    double m = z[0], s = 0;

    for (int i = 1; i < V; i++)
        m = z[i] > m ? z[i] : m;
    for (int i = 0; i < V; i++)
        s += exp((z[i] - m) / temp);
    return (z[at] - m) / temp - log(s);
}

/* logp[t] of tokens[t] for t >= first */
__attribute__((unused)) static void o_logp(const struct oracle *o,
                                           const int32_t *tokens, int n,
                                           int first, double temp, double *logp)
{
    int V = o->c->vocab;
    double *z = calloc((size_t)(n * V), sizeof *z);

    o_logits(o, tokens, n, z);
    for (int t = 0; t < n; t++)
        logp[t] = t < first
                      ? 0
                      : o_log_softmax(z + (t - 1) * V, V, tokens[t], temp);
    free(z);
}

/* ||a - b|| / ||b|| */
__attribute__((unused)) static double rel_norm(const float *a, const double *b,
                                               size_t n)
{
    double d = 0, s = 0;

    for (size_t i = 0; i < n; i++) {
        d += (a[i] - b[i]) * (a[i] - b[i]);
        s += b[i] * b[i];
    }
    return s > 0 ? sqrt(d / s) : sqrt(d);
}

#endif
