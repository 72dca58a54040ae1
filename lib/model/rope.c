/* rope - the table of cosines and sines of positions */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/fp64.h"
#include "../../kernels/canon.h"
#include "impl.h"

/* exp on plain arithmetic, as fp64_log; |x| < 700 */
static double exp_near(double x)
{
    int n = (int)(x * 1.4426950408889634 + (x < 0 ? -0.5 : 0.5));
    double r = x - n * 0.693147180369123816490; /* high part: n * it exact */
    double y = 1, p;
    uint64_t u;

    r -= n * 1.90821492927058770002e-10;
    for (int k = 18; k >= 1; k--)
        y = 1 + y * r / k;
    u = (uint64_t)(n + 1023) << 52;
    memcpy(&p, &u, 8);
    return y * p;
}

/* Frequencies of long wavelengths are divided by the factor, those of short
 * ones stay, and between them both are mixed: in fp32, in the order of
 * transformers' llama3. */
static float scaled(const struct rope_scaling *s, float inv)
{
    float original = (float)s->original_max_pos, low, high, wave, mix;

    if (s->factor <= 0)
        return inv;
    low = (float)(s->original_max_pos / s->low_freq_factor);
    high = (float)(s->original_max_pos / s->high_freq_factor);
    wave = 1 / inv * 6.2831853071795864769f;
    if (wave < high)
        return inv;
    if (wave > low)
        return inv / (float)s->factor;
    mix = (1 / wave * original - (float)s->low_freq_factor) /
          (float)(s->high_freq_factor - s->low_freq_factor);
    return (1 - mix) * inv / (float)s->factor + mix * inv;
}

/* Row p: cos and sin of p * inv_freq_i, inv_freq_i = 1 / theta^(2i/d), scaled
 * where the model says so. As in transformers the power, its inverse and the
 * angle are rounded to fp32 one after the other; sine and cosine of that angle
 * are canon.h's. */
static void fill_rope(float *table, int len, const struct config *c)
{
    double log_theta = fp64_log(c->rope_theta);
    int d = c->head_dim;

    for (int i = 0; i < d / 2; i++) {
        float e = (float)(2 * i) / (float)d;
        float inv = scaled(&c->rope,
                           1.0f / (float)exp_near((double)e * log_theta));

        for (int p = 0; p < len; p++) {
            float angle = (float)p * inv;
            float *row = table + (size_t)p * (size_t)d;

            row[i] = canon_cos(angle);
            row[i + d / 2] = canon_sin(angle);
        }
    }
}

int model_rope_room(int len, int need)
{
    len = len ? len : 256;
    while (len < need)
        len = len > INT_MAX / 2 ? need : 2 * len;
    return len;
}

int model_rope(struct model *m, int need, struct err *e)
{
    int len = model_rope_room(m->rope_len, need), d = m->c.head_dim;
    size_t bytes;
    float *host;

    if (need <= m->rope_len)
        return 0;
    bytes = (size_t)len * (size_t)d * sizeof *host;
    m->k->free(m->k, m->rope);
    m->rope_len = 0;
    m->rope = m->k->alloc(m->k, bytes, e);
    if (!m->rope)
        return -e->code;
    host = xmalloc(bytes);
    fill_rope(host, len, &m->c);
    m->k->upload(m->k, m->rope, host, bytes);
    m->rope_len = len;
    free(host);
    return 0;
}
