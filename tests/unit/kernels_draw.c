/* Draws from the softmax and from its kept set: NUMERICS.md's walks taken
 * literally, also where the target falls on a sum. */
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

static const float *logits; /* of by_logit */

static int by_logit(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;

    if (logits[x] != logits[y])
        return logits[x] > logits[y] ? -1 : 1;
    return x - y;
}

/* Ids by logit descending, then ascending; the shortest prefix that top-k and
 * top-p leave; a draw from it. */
static int32_t literal_kept(const float *z, int V, struct k_sample s, float u)
{
    int *id = malloc((size_t)V * sizeof *id), n = V, kept = 0;
    float lane[32] = {0}, max;
    double total = 0, c = 0, target;
    int32_t found = -1;

    for (int v = 0; v < V; v++)
        id[v] = v;
    logits = z;
    qsort(id, (size_t)V, sizeof *id, by_logit);
    max = z[id[0]];
    for (int v = 0; v < V; v++)
        lane[v % 32] += canon_exp(z[v] - max);
    total = (double)canon_tree(lane);
    if (s.top_k > 0 && s.top_k < V) {
        n = s.top_k;
        total = 0;
        for (int i = 0; i < n; i++)
            total += (double)canon_exp(z[id[i]] - max);
    }
    while (kept < n) {
        c += (double)canon_exp(z[id[kept++]] - max);
        if (s.top_p < 1 && c >= (double)s.top_p * total)
            break;
    }
    target = (double)u * c;
    c = 0;
    for (int i = 0; i < kept && found < 0; i++) {
        c += (double)canon_exp(z[id[i]] - max);
        if (c > target)
            found = id[i];
    }
    found = found < 0 ? id[kept - 1] : found;
    free(id);
    return found;
}

/* Logits are the weights of one input that is 1. */
static void compare(struct kernels *k, const char *what, const float *z, int V,
                    struct k_sample s)
{
    int all = !(s.top_p < 1) && !s.top_k;
    struct k_weight *W = ref_weight(k, DT_F32, V, 1, z);
    static float x[ROWS], u[ROWS], logp[ROWS];
    static int32_t token[ROWS];
    int step = ref_sanitized() || !all ? 8 : 1;

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
    k->head_sample(k, DT_F32, DT_F32, token, logp, x, W, u, NULL, s, ROWS, V,
                   1);
    ref_sync(k);
    for (int r = ROWS - 1; r >= 0; r -= step) {
        int32_t want = all ? literal(z, V, u[r]) : literal_kept(z, V, s, u[r]);

        T_CHECKF(token[r] == want, "%s, %d: u %.9g drew %d, the walk %d", what,
                 V, (double)u[r], token[r], want);
    }
    k->weight_free(k, W);
}

static void draws_are_the_stated_walk(void)
{
    static const int sizes[] = {1, 2, 31, 64, 65, 470, 1024, 1025, 4096, 5003};
    static const struct k_sample all = {1, 1, 0};
    static float z[5003];
    struct kernels *k = ref_open("", 2, 0);

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int V = sizes[i];
        float *normal = ref_random(DT_F32, (size_t)V, 1);

        for (int v = 0; v < V; v++)
            z[v] = 0.25f; /* every target falls on a sum, or near */
        compare(k, "equal", z, V, all);
        for (int v = 0; v < V; v++)
            z[v] = v % 3 ? -200.0f : 0.0f; /* most of them have no mass */
        compare(k, "sparse", z, V, all);
        for (int v = 0; v < V; v++)
            z[v] = -1.3862944f * (float)(v % 40); /* masses far apart */
        compare(k, "steep", z, V, all);
        for (int v = 0; v < V; v++)
            z[v] = v ? -30.0f : 0.0f; /* one token and dust */
        compare(k, "one", z, V, all);
        compare(k, "normal", normal, V, all);
        for (int v = 0; v < V; v++)
            z[v] = 8 * normal[v];
        compare(k, "wide", z, V, all);
        free(normal);
    }
    kernels_close(&k);
}

/* `high` logits stand above the rest, at most 3 apart and some of them alike,
 * anywhere among the ids: so many candidates come first. */
static void mixed(float *z, int V, int high)
{
    for (int v = 0; v < V; v++)
        z[v] = -20.0f - (float)(v % 7);
    for (int i = 0; i < high; i++)
        z[(int)((long)i * V / high)] = 0.25f * (float)((i * 5) % 13);
}

static void draws_keep_the_stated_set(void)
{
    static const int high[] = {1, 2, 3, 31, 63, 64, 65, 300, 470};
    static const struct k_sample how[] = {
        {1, 0.8f, 0}, {1, 0.999f, 0}, {1, 1, 1},    {1, 1, 63},
        {1, 1, 64},   {1, 1, 65},     {1, 0.5f, 66}};
    static float z[470];
    struct kernels *k = ref_open("", 2, 0);

    for (size_t i = 0; i < sizeof high / sizeof *high; i++)
        for (size_t h = 0; h < sizeof how / sizeof *how; h++) {
            mixed(z, 470, high[i]);
            compare(k, "kept", z, 470, how[h]);
        }
    kernels_close(&k);
}

int main(void)
{
    T_RUN(draws_are_the_stated_walk);
    T_RUN(draws_keep_the_stated_set);
    T_DONE();
}
