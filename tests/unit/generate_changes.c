/* generate_changes - runs of weights as they go over the FIFO */
#include "../../lib/base/rng.h"
#include "../../lib/generate/changes.h"
#include "t.h"

enum { N = 5000 };

static struct delta_coder *coder;

static void there_and_back(const uint8_t *was, const uint8_t *now, size_t n,
                           int width, size_t changed, size_t most)
{
    struct buf b = {0};
    size_t bytes = n * (size_t)width;
    uint8_t *v = malloc(bytes + 1);

    buf_puts(&b, "what a run before left");
    memcpy(v, was, bytes);
    T_EQ_INT(changes_encode(coder, &b, was, now, n, width), changed);
    T_CHECKF(b.n <= most, "%zu bytes, at most %zu", b.n, most);
    T_EQ_INT(changes_apply(coder, b.p, b.n, v, n, width), 0);
    T_CHECK(!memcmp(v, now, bytes));
    if (b.n > 1)
        T_EQ_INT(changes_apply(coder, b.p, b.n - 1, v, n, width), -ERR_DATA);
    buf_puts(&b, "x");
    T_EQ_INT(changes_apply(coder, b.p, b.n, v, n, width), -ERR_DATA);
    buf_free(&b);
    free(v);
}

static void few_are_short(void)
{
    static uint16_t a[N], b[N];

    for (int i = 0; i < N; i++)
        a[i] = b[i] = (uint16_t)(31 * i);
    there_and_back((uint8_t *)a, (uint8_t *)b, N, 2, 0, 5);
    for (int i = 0; i < N; i += 100)
        b[i] = (uint16_t)(b[i] + 1);
    there_and_back((uint8_t *)a, (uint8_t *)b, N, 2, N / 100, 150);
    there_and_back((uint8_t *)a, (uint8_t *)b, 1, 2, 1, 3);
}

/* Never longer than a byte more than the weights: where nothing is gained they
 * go as they are. */
static void all_are_as_they_are(void)
{
    static uint32_t a[N], b[N];
    struct rng r;

    rng_init(&r, 3, 0);
    for (int i = 0; i < N; i++) {
        a[i] = rng_u32(&r);
        b[i] = rng_u32(&r) | (a[i] == 0);
    }
    there_and_back((uint8_t *)a, (uint8_t *)b, N, 4, N, 4 * N + 1);
    there_and_back((uint8_t *)a, (uint8_t *)b, 1, 4, 1, 5);
    there_and_back((uint8_t *)a, (uint8_t *)b, 0, 4, 0, 5);
}

static void nonsense_is_refused(void)
{
    static uint16_t v[N];
    char bytes[64] = {2};

    T_EQ_INT(changes_apply(coder, bytes, 0, (uint8_t *)v, N, 2), -ERR_DATA);
    T_EQ_INT(changes_apply(coder, bytes, 9, (uint8_t *)v, N, 2), -ERR_DATA);
    bytes[0] = 1;
    memset(bytes + 1, 0xFF, 8);
    T_EQ_INT(changes_apply(coder, bytes, 9, (uint8_t *)v, N, 2), -ERR_DATA);
    bytes[0] = 0;
    T_EQ_INT(changes_apply(coder, bytes, 64, (uint8_t *)v, N, 2), -ERR_DATA);
}

int main(void)
{
    coder = delta_coder_open();
    T_RUN(few_are_short);
    T_RUN(all_are_as_they_are);
    T_RUN(nonsense_is_refused);
    delta_coder_close(&coder);
    T_DONE();
}
