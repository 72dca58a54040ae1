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

/* Row p: cos and sin of p * inv_freq_i, inv_freq_i = 1 / theta^(2i/d). As in
 * transformers the power, its inverse and the angle are rounded to fp32 one
 * after the other; sine and cosine of that angle are canon.h's. */
static void fill_rope(float *table, int len, int d, double theta)
{
    double log_theta = fp64_log(theta);

    for (int i = 0; i < d / 2; i++) {
        float e = (float)(2 * i) / (float)d;
        float inv = 1.0f / (float)exp_near((double)e * log_theta);

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
    fill_rope(host, len, d, m->c.rope_theta);
    m->k->upload(m->k, m->rope, host, bytes);
    m->rope_len = len;
    free(host);
    return 0;
}
