/* base_all - errors, arena, rng, hash, json text, pool */
#include <stdatomic.h>
#include <unistd.h>
#include "../../lib/base/arena.h"
#include "../../lib/base/err.h"
#include "../../lib/base/hash.h"
#include "../../lib/base/json.h"
#include "../../lib/base/json_text.h"
#include "../../lib/base/philox.h"
#include "../../lib/base/pool.h"
#include "../../lib/base/rng.h"
#include "t.h"

static void err_messages_nest(void)
{
    struct err e = {0};

    T_EQ_INT(err_set(&e, ERR_DATA, "record %d", 17), -3);
    T_EQ_INT(err_prefix(&e, "%s", "stdin"), -3);
    T_EQ_STR(e.msg, "stdin: record 17");
    T_EQ_INT(err_set(NULL, ERR_IO, "x"), -1);
}

static void arena_is_aligned_zeroed_and_reused(void)
{
    struct arena *a = arena_open();

    for (int round = 0; round < 3; round++) {
        for (size_t n = 0; n < 70000; n = n * 2 + 1) {
            unsigned char *p = arena_alloc(a, n);

            T_EQ_INT((uintptr_t)p % 16, 0);
            for (size_t i = 0; i < n; i++)
                if (p[i])
                    T_CHECKF(0, "byte %zu of %zu is not zero", i, n);
            memset(p, 0xff, n);
        }
        T_EQ_STR(arena_printf(a, "%s-%d", "x", round), round == 0   ? "x-0"
                                                       : round == 1 ? "x-1"
                                                                    : "x-2");
        T_EQ_STR(arena_strndup(a, "abcdef", 3), "abc");
        arena_reset(a);
    }
    arena_close(&a);
    T_CHECK(!a);
    arena_close(&a);
}

/* Known answers of Random123's kat_vectors, philox4x32 10 rounds. */
static void philox_gives_the_known_answers(void)
{
    uint32_t c0[4] = {0}, k0[2] = {0}, out[4];
    uint32_t c1[4] = {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344};
    uint32_t k1[2] = {0xa4093822, 0x299f31d0};

    philox4x32(c0, k0, out);
    T_CHECK(out[0] == 0x6627e8d5 && out[1] == 0xe169c58d &&
            out[2] == 0xbc57ac4c && out[3] == 0x9b00dbd8);
    philox4x32(c1, k1, out);
    T_CHECK(out[0] == 0xd16cfe09 && out[1] == 0x94fdcceb &&
            out[2] == 0x5001e420 && out[3] == 0x24126ea1);
}

static void rng_streams_differ_and_repeat(void)
{
    struct rng a, b, c;
    int same = 0;

    rng_init(&a, 1, 2);
    rng_init(&b, 1, 2);
    rng_init(&c, 1, 3);
    for (int i = 0; i < 1000; i++) {
        uint32_t x = rng_u32(&a);

        T_CHECK(x == rng_u32(&b));
        same += x == rng_u32(&c);
    }
    T_CHECK(same < 3);
}

static void rng_ranges_hold_and_are_even(void)
{
    struct rng r;
    int count[7] = {0};
    uint32_t perm[33];
    uint64_t seen = 0;

    rng_init(&r, 5, 0);
    for (int i = 0; i < 70000; i++)
        count[rng_below(&r, 7)]++;
    /* 10000 +- 5 standard deviations of 93 */
    for (int i = 0; i < 7; i++)
        T_NEAR(count[i], 10000, 465, 0);
    for (int i = 0; i < 1000; i++) {
        int x = rng_range(&r, -3, 3);
        double d = rng_double(&r);

        T_CHECK(x >= -3 && x <= 3 && d >= 0 && d < 1);
        T_EQ_INT(rng_below(&r, 1), 0);
        T_EQ_INT(rng_range(&r, 9, 9), 9);
        rng_range(&r, -2147483647 - 1, 2147483647);
    }
    rng_perm(&r, perm, 33);
    for (int i = 0; i < 33; i++)
        seen |= 1ull << perm[i];
    T_CHECK(seen == (1ull << 33) - 1);
    rng_perm(&r, perm, 0);
}

/* The same draws through libm: our polynomials are good to 1e-14, and the
 * result is at most 9 in size. */
static void rng_normal_agrees_with_libm(void)
{
    struct rng a, b;
    double sum = 0, sum2 = 0, sum4 = 0;
    int n = 100000;

    rng_init(&a, 42, 7);
    b = a;
    for (int i = 0; i < n; i++) {
        double u = 1 - rng_double(&b), v = rng_double(&b);
        double z = rng_normal(&a);

        T_NEAR(z, sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v),
               3e-14, 1e-13);
        sum += z;
        sum2 += z * z;
        sum4 += z * z * z * z;
    }
    /* five standard errors: 1/sqrt n, sqrt(2/n), sqrt(96/n) */
    T_NEAR(sum / n, 0, 0.016, 0);
    T_NEAR(sum2 / n, 1, 0.023, 0);
    T_NEAR(sum4 / n, 3, 0.155, 0);
}

static void hash_streams_as_it_hashes_whole(void)
{
    char text[3000], hex[33];
    struct hash *h = hash_open();

    for (int i = 0; i < 3000; i++)
        text[i] = (char)(i * 7);
    for (size_t at = 0, n = 1; at < 3000; at += n, n = n * 2 % 1000 + 1) {
        if (n > 3000 - at)
            n = 3000 - at;
        hash_update(h, text + at, n);
    }
    T_CHECK(hash_value(h) == hash_bytes(text, 3000));
    hash_close(&h);
    T_CHECK(hash_bytes("", 0) == 0xef46db3751d8e999ull);
    hash_hex128("", 0, hex);
    T_EQ_STR(hex, "99aa06d3014798d86001c324468d497f");
}

static void json_numbers_are_short_and_exact(void)
{
    char s[32];

    json_f64(s, 0.1);
    T_EQ_STR(s, "0.1");
    json_f64(s, 3);
    T_EQ_STR(s, "3.0");
    json_f64(s, -0.0);
    T_EQ_STR(s, "-0.0");
    json_f64(s, 1e-6);
    T_EQ_STR(s, "1e-06");
    json_f32(s, 0.1f);
    T_EQ_STR(s, "0.1");
    json_f32(s, 16777216.0f);
    T_EQ_STR(s, "16777216.0");
    json_f64(s, 5e-324);
    T_CHECK(strtod(s, NULL) == 5e-324);
    json_f64(s, (double)NAN);
    T_CHECK(strstr(s, "nan"));
}

static void json_errors_have_line_and_column(void)
{
    json_t *j;
    struct err e = {0};
    const char *dup = "{\"a\":1,\n\"a\":2}";

    T_EQ_INT(json_read_text(&j, "{\"a\": 1,\n  }", 12, "f.json", &e), -3);
    T_CHECKF(!strncmp(e.msg, "f.json: line 2, column ", 23), "%s", e.msg);
    T_EQ_INT(json_read_text(&j, "", 0, "f.json", &e), -3);
    T_EQ_INT(json_read_text(&j, dup, strlen(dup), "f.json", &e), -3);
    T_EQ_INT(json_read_text(&j, "1 x", 3, "f.json", &e), -3);
    T_EQ_INT(json_read_text(&j, "[1]xx", 3, "f.json", &e), 0);
    json_decref(j);
    T_EQ_INT(json_read_file(&j, "/nonexistent.json", &e), -1);
    T_EQ_STR(e.msg, "/nonexistent.json: No such file or directory");
}

static void json_members_are_typed(void)
{
    json_t *j;
    struct err e = {0};
    int64_t i = 7;
    double f = 0;
    int b = 0;
    const char
        *s = NULL,
        *text =
            "{\"i\": -5, \"f\": 0.5, \"b\": true, \"s\": \"x\", \"z\": null}";

    T_EQ_INT(json_read_text(&j, text, strlen(text), "c", &e), 0);
    T_CHECK(!json_get_i64(j, "c", "i", 1, &i, &e) && i == -5);
    T_CHECK(!json_get_f64(j, "c", "i", 1, &f, &e) && f == -5);
    T_CHECK(!json_get_f64(j, "c", "f", 1, &f, &e) && f == 0.5);
    T_CHECK(!json_get_bool(j, "c", "b", 1, &b, &e) && b == 1);
    T_CHECK(!json_get_str(j, "c", "s", 1, &s, &e) && !strcmp(s, "x"));
    T_CHECK(!json_get_i64(j, "c", "z", 0, &i, &e) && i == -5);
    T_EQ_INT(json_get_i64(j, "c", "z", 1, &i, &e), -3);
    T_EQ_STR(e.msg, "c: z is missing");
    T_EQ_INT(json_get_i64(j, "c", "f", 0, &i, &e), -3);
    T_EQ_STR(e.msg, "c: f: found number, expected integer");
    json_decref(j);
}

struct count {
    _Atomic int *hit;
    int threads;
    _Atomic int bad_worker;
};

static void touch(void *ctx, long i, int worker)
{
    struct count *c = ctx;

    atomic_fetch_add(&c->hit[i], 1);
    if (worker < 0 || worker >= c->threads)
        atomic_store(&c->bad_worker, 1);
}

static void pool_runs_each_index_once(void)
{
    static _Atomic int hit[1025];
    int sizes[] = {0, 1, 2, 31, 32, 33, 1025};

    for (int threads = 1; threads <= 9; threads += 2) {
        struct pool *p = pool_open(threads);
        struct count c = {hit, pool_threads(p), 0};

        T_EQ_INT(pool_threads(p), threads);
        for (int round = 0; round < 300; round++) {
            int n = sizes[round % 7];

            for (int i = 0; i < n; i++)
                atomic_store(&hit[i], 0);
            pool_for(p, n, touch, &c);
            for (int i = 0; i < n; i++)
                if (atomic_load(&hit[i]) != 1)
                    T_CHECKF(0, "index %d ran %d times", i,
                             atomic_load(&hit[i]));
            if (round % 100 == 99)
                usleep(2000); /* let the helpers fall asleep */
        }
        T_CHECK(!atomic_load(&c.bad_worker));
        pool_close(&p);
        T_CHECK(!p);
    }
}

int main(void)
{
    T_RUN(err_messages_nest);
    T_RUN(arena_is_aligned_zeroed_and_reused);
    T_RUN(philox_gives_the_known_answers);
    T_RUN(rng_streams_differ_and_repeat);
    T_RUN(rng_ranges_hold_and_are_even);
    T_RUN(rng_normal_agrees_with_libm);
    T_RUN(hash_streams_as_it_hashes_whole);
    T_RUN(json_numbers_are_short_and_exact);
    T_RUN(json_errors_have_line_and_column);
    T_RUN(json_members_are_typed);
    T_RUN(pool_runs_each_index_once);
    T_DONE();
}
