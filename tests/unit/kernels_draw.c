/* Draws from the full softmax: NUMERICS.md's walk taken literally, also where
 * the target falls on a sum. */
#include "kernels_ref.h"
#include "../../kernels/canon.h"

enum { ROWS = 512, BLOCK = 1024 };

/* e = exp(z - max), the mass of each block as rowsum has it. */
static int32_t literal(const float *z, int V, float u)
{
    int n_blocks = (V + BLOCK - 1) / BLOCK;
    float max = z[0], *e = malloc((size_t)V * sizeof *e);
    double total = 0, before = 0, target, *mass = calloc((size_t)n_blocks, 8);
    int32_t found = -1, last = 0;

    for (int v = 1; v < V; v++)
        max = z[v] > max ? z[v] : max;
    for (int v = 0; v < V; v++)
        e[v] = canon_exp(z[v] - max);
    for (int b = 0; b < n_blocks; b++) {
        float lane[32] = {0};

        for (int v = b * BLOCK; v < V && v < (b + 1) * BLOCK; v++)
            lane[v % 32] += e[v];
        mass[b] = (double)canon_tree(lane);
        total += mass[b];
    }
    target = (double)u * total;
    for (int b = 0; b < n_blocks && found < 0; before += mass[b++]) {
        double c = before;

        if (before + mass[b] <= target && b < n_blocks - 1)
            continue;
        for (int v = b * BLOCK; v < V && v < (b + 1) * BLOCK; v++)
            if (e[v] > 0.0f) {
                last = v;
                c += (double)e[v];
                if (c > target) {
                    found = v;
                    break;
                }
            }
    }
    free(e);
    free(mass);
    return found < 0 ? last : found;
}

/* Logits are the weights of one input that is 1. */
static void compare(struct kernels *k, const char *what, const float *z, int V)
{
    struct k_weight *W = ref_weight(k, DT_F32, V, 1, z);
    static float x[ROWS], u[ROWS], logp[ROWS];
    static int32_t token[ROWS];
    int step = ref_sanitized() ? 8 : 1;

    for (int r = 0; r < ROWS; r++) {
        x[r] = 1;
        /* multiples of 1/ROWS, their neighbours, and others */
        u[r] = (float)r / ROWS;
        if (r % 4 == 1)
            u[r] = nextafterf(u[r], 1);
        if (r % 4 == 3)
            u[r] = (float)((uint32_t)r * 2654435761u >> 8) * 0x1p-24f;
    }
    u[ROWS - 1] = 1 - 0x1p-24f;
    k->head_sample(k, DT_F32, DT_F32, token, logp, x, W, u,
                   (struct k_sample){1, 1, 0}, ROWS, V, 1);
    ref_sync(k);
    for (int r = ROWS - 1; r >= 0; r -= step) {
        int32_t want = literal(z, V, u[r]);

        T_CHECKF(token[r] == want, "%s, %d: u %.9g drew %d, the walk %d", what,
                 V, (double)u[r], token[r], want);
    }
    k->weight_free(k, W);
}

static void draws_are_the_stated_walk(void)
{
    static const int sizes[] = {1, 2, 31, 64, 65, 470, 1024, 1025, 4096, 5003};
    static float z[5003];
    struct kernels *k = ref_open("", 2, 0);

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int V = sizes[i];
        float *normal = ref_random(DT_F32, (size_t)V, 1);

        for (int v = 0; v < V; v++)
            z[v] = 0.25f; /* every target falls on a sum, or near */
        compare(k, "equal", z, V);
        for (int v = 0; v < V; v++)
            z[v] = v % 3 ? -200.0f : 0.0f; /* most of them have no mass */
        compare(k, "sparse", z, V);
        for (int v = 0; v < V; v++)
            z[v] = -1.3862944f * (float)(v % 40); /* masses far apart */
        compare(k, "steep", z, V);
        for (int v = 0; v < V; v++)
            z[v] = v ? -30.0f : 0.0f; /* one token and dust */
        compare(k, "one", z, V);
        compare(k, "normal", normal, V);
        for (int v = 0; v < V; v++)
            z[v] = 8 * normal[v];
        compare(k, "wide", z, V);
        free(normal);
    }
    kernels_close(&k);
}

int main(void)
{
    T_RUN(draws_are_the_stated_walk);
    T_DONE();
}
