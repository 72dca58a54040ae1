/* model_delta - every bit pattern comes back from a difference */
#include <stdlib.h>
#include <unistd.h>
#include "../../lib/base/rng.h"
#include "../../lib/model/delta_chain.h"
#include "../../lib/model/delta_code.h"
#include "../../lib/model/safetensors.h"
#include "t.h"

static struct delta_coder *coder, *plain; /* plain: of baseline x86-64 */

static void there_and_back(const uint8_t *this, const uint8_t *that, size_t n,
                           int width)
{
    struct buf b = {0}, c = {0};
    size_t at = 0, over = 0, bytes = n * (size_t)width, differ = 0;
    uint8_t *v = malloc(bytes + 1);

    for (size_t i = 0; i < n; i++)
        differ += memcmp(this + i * (size_t)width, that + i * (size_t)width,
                         (size_t)width) != 0;

    memcpy(v, that, bytes);
    T_EQ_INT(delta_encode(coder, &b, this, that, n, width), differ);
    T_EQ_INT(delta_decode(coder, (const uint8_t *)b.p, b.n, &at, v, n, width),
             0);
    T_EQ_INT(at, b.n);
    T_EQ_INT(delta_skip((const uint8_t *)b.p, b.n, &over, width), 0);
    T_EQ_INT(over, b.n);
    T_CHECK(!memcmp(v, this, bytes));
    T_EQ_INT(delta_encode(plain, &c, this, that, n, width), differ);
    T_CHECK(b.n == c.n && !memcmp(b.p, c.p, b.n));
    memcpy(v, that, bytes);
    at = 0;
    T_EQ_INT(delta_decode(plain, (const uint8_t *)c.p, c.n, &at, v, n, width),
             0);
    T_CHECK(!memcmp(v, this, bytes));
    buf_free(&b);
    buf_free(&c);
    free(v);
}

/* All 65536 patterns, NaNs, both zeros and infinities among them, against
 * several others each. */
static void all_half_patterns(void)
{
    static uint16_t a[65536], b[65536];

    for (int shift = 0; shift < 65536; shift += 4093) {
        for (int i = 0; i < 65536; i++) {
            a[i] = (uint16_t)i;
            b[i] = (uint16_t)(i * 40503 + shift);
        }
        there_and_back((uint8_t *)a, (uint8_t *)b, 65536, 2);
    }
}

static void hard_words(void)
{
    static const uint32_t word[] = {
        0,          0x80000000, 1,          0x80000001, 0x7F800000, 0xFF800000,
        0x7FC00001, 0xFFFFFFFF, 0x7FFFFFFF, 0x3F800000, 0xBF800000, 0x7FA00000};
    enum { N = sizeof word / sizeof *word };
    uint32_t a[N * N], b[N * N];

    for (int i = 0; i < N * N; i++) {
        a[i] = word[i / N];
        b[i] = word[i % N];
    }
    there_and_back((uint8_t *)a, (uint8_t *)b, N * N, 4);
}

static void lengths_and_gaps(void)
{
    static const size_t n[] = {0,   1,   2,   254, 255,   256,
                               257, 510, 511, 512, 100000};
    static uint8_t a[400004], b[400004];
    struct rng r;

    rng_init(&r, 9, 0);
    for (size_t i = 0; i < sizeof n / sizeof *n; i++)
        for (int width = 2; width <= 4; width += 2)
            for (int kind = 0; kind < 4; kind++) {
                size_t bytes = n[i] * (size_t)width;

                for (size_t j = 0; j < bytes; j++)
                    a[j + 1] = b[j + 1] = (uint8_t)(256 * rng_double(&r));
                if (n[i] && kind == 1) /* the last alone */
                    a[bytes] ^= 1;
                if (kind == 2)
                    for (size_t j = 0; j < bytes; j++)
                        a[j + 1] = (uint8_t)(256 * rng_double(&r));
                for (size_t j = 0; kind == 3 && j < bytes; j += 300)
                    a[j + 1] ^= 0x80;
                there_and_back(a + 1, b + 1, n[i], width); /* unaligned */
            }
}

/* Steps of the grid are small numbers: 1% of 2^20 bf16 values moved by one take
 * some 1.2 bytes each. */
static void a_step_is_cheap(void)
{
    enum { N = 1 << 20 };
    static uint16_t a[N], b[N];
    struct buf out = {0};
    struct rng r;
    size_t moved = 0;

    rng_init(&r, 4, 0);
    for (int i = 0; i < N; i++) {
        a[i] = b[i] = (uint16_t)(0x3C00 + 1000 * rng_double(&r) +
                                 (rng_double(&r) < 0.5 ? 0x8000 : 0));
        if (rng_double(&r) < 0.01) {
            a[i] = (uint16_t)(b[i] + (rng_double(&r) < 0.5 ? 1 : -1));
            moved++;
        }
    }
    (void)delta_encode(coder, &out, (uint8_t *)a, (uint8_t *)b, N, 2);
    T_CHECKF(out.n < 1.3 * (double)moved, "%zu bytes for %zu values", out.n,
             moved);
    printf("note a_step_is_cheap: %.2f bytes a moved value\n",
           (double)out.n / (double)moved);
    buf_free(&out);
}

/* No chunk, whatever its bytes, writes outside the values. */
static void nonsense_is_refused(void)
{
    enum { N = 3000 };
    static uint16_t a[N], b[N], v[N];
    struct buf out = {0};
    struct rng r;
    int refused = 0;

    rng_init(&r, 7, 0);
    for (int i = 0; i < N; i++)
        a[i] = (uint16_t)(i % 50 ? 0 : 7 * i);
    (void)delta_encode(coder, &out, (uint8_t *)a, (uint8_t *)b, N, 2);
    for (int k = 0; k < 3000; k++) {
        size_t at = 0, n = out.n;
        uint8_t *bad = malloc(n + 1);

        memcpy(bad, out.p, n);
        bad[(size_t)((double)n * rng_double(&r))] ^=
            (uint8_t)(1 + 255 * rng_double(&r));
        n -= k % 3 ? 0 : (size_t)((double)n * rng_double(&r));
        memset(v, 0, sizeof v);
        refused += delta_decode(coder, bad, n, &at, (uint8_t *)v, N, 2) != 0;
        free(bad);
    }
    T_CHECKF(refused > 1000, "%d refused", refused);
    buf_free(&out);
}

/* Tensors of these types and lengths, written to the file `path`. */
static int write_tensors(const char *path, const enum dtype *type,
                         const int64_t *n, int count, struct err *e)
{
    struct st_writer *w;
    void *zeros = calloc(DELTA_CHUNK + 5, 4);
    int r = st_create(&w, path, e);

    for (int i = 0; !r && i < count; i++) {
        char name[2] = {(char)('a' + i), 0};

        r = st_declare(w, name, type[i], 1, &n[i], e);
    }
    for (int i = 0; !r && i < count; i++)
        r = st_put(w, zeros, (size_t)n[i] * dtype_size(type[i]), e);
    r = r ? r : st_commit(&w, NULL, e);
    free(zeros);
    return r;
}

/* Runs hold every value once, and end where the width changes or the run is
 * full. */
static void small_tensors_share_a_run(void)
{
    static const enum dtype type[] = {DT_BF16, DT_F16,  DT_F32,
                                      DT_BF16, DT_BF16, DT_BF16};
    static const int64_t n[] = {3, 5, 1, 7, DELTA_CHUNK + 5, 2};
    static const size_t want[] = {8, 1, DELTA_CHUNK, 14};
    char path[] = "/tmp/ulp-model_delta.XXXXXX";
    int fd = mkstemp(path);
    struct filemap m = {0};
    struct layout l = {0};
    struct err e = {0};
    size_t at;

    T_CHECK(fd >= 0 && !close(fd));
    T_EQ_INT(write_tensors(path, type, n, 6, &e), 0);
    T_EQ_INT(file_map(&m, path, &e), 0);
    T_EQ_INT(layout_of(&l, &m, path, &e), 0);
    T_EQ_INT(l.n, 4);
    at = l.head;
    for (size_t i = 0; i < l.n; i++) {
        T_EQ_INT(l.v[i].at, at);
        T_EQ_INT(l.v[i].n, want[i]);
        T_EQ_INT(l.v[i].width, i == 1 ? 4 : 2);
        at += l.v[i].n * (size_t)l.v[i].width;
    }
    T_EQ_INT(at, m.size);
    layout_close(&l);
    file_unmap(&m);
    unlink(path);
}

int main(void)
{
    coder = delta_coder_open();
    setenv("ULP_ISA", "x86-64", 1);
    plain = delta_coder_open();
    T_RUN(all_half_patterns);
    T_RUN(hard_words);
    T_RUN(lengths_and_gaps);
    T_RUN(a_step_is_cheap);
    T_RUN(nonsense_is_refused);
    T_RUN(small_tensors_share_a_run);
    delta_coder_close(&coder);
    delta_coder_close(&plain);
    T_DONE();
}
