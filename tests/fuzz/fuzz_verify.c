/* fuzz_verify - extraction, normal forms, the parser and the comparison on
 * arbitrary bytes: the gold answer up to the first 0xFF, then the response
 *
 * Asserts besides memory safety: an extracted answer is found twice alike;
 * a text that can be read equals itself; a verdict does not change when
 * asked again; what is done outside the worker, which has no limit of its own,
 * takes no time. The longest is told at the end. (tests/unit/verify_corpus.c
 * has the time of whole verdicts.)
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/base/clock.h"
#include "../../lib/verify/choice.h"
#include "../../lib/verify/compare.h"
#include "../../lib/verify/dapo.h"
#include "../../lib/verify/expr.h"
#include "../../lib/verify/extract.h"
#include "../../lib/verify/simple.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 0.2 s, and what the sanitizers make of it. */
static const double most_s = 0.2 * 10;
static double slowest_s;
static size_t slowest_size;

static void tell(void)
{
    fprintf(stderr, "slowest outside the worker: %.4f s of CPU, %zu bytes\n",
            slowest_s, slowest_size);
}

static void note(void *ctx, const struct outcome *r, int final)
{
    (void)ctx;
    (void)r;
    (void) final;
}

static void parse_all(struct arena *a, struct text t)
{
    const char *why;

    for (int c = COMMA_THOUSANDS; c <= COMMA_DECIMAL; c++) {
        struct expr *e = expr_parse(a, t, (enum comma)c, &why);
        if (e)
            (void)expr_show(a, e, 1);
    }
}

static void extract_all(struct arena *a, const char *s, size_t n)
{
    for (int x = VERIFY_RULES; x <= VERIFY_WHOLE; x++)
        for (int lenient = 0; lenient < 2; lenient++) {
            struct verify_opts o = {.extract = (enum verify_extract)x,
                                    .lenient = lenient};
            struct found f = extract_answer(a, s, n, &o);
            struct found g = extract_answer(a, s, n, &o);
            if (!f.t.s != !g.t.s ||
                (f.t.s && (f.t.n != g.t.n || memcmp(f.t.s, g.t.s, f.t.n))))
                abort();
            (void)choice_of(a, s, n, 0x1F, NULL, 0, &o);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *a;
    const struct verify_opts o = {.explain = 1};
    const uint8_t *cut = size ? memchr(data, 0xFF, size) : NULL;
    size_t n = cut ? (size_t)(cut - data) : size;

    if (!a) {
        a = arena_open();
        atexit(tell);
    }
    arena_reset(a);
    char *s = malloc(size + 1);
    memcpy(s, data, size);
    s[size] = 0;
    const char *resp = cut ? s + n + 1 : s;
    size_t n_resp = cut ? size - n - 1 : size;
    double began = clock_s(CLOCK_PROCESS_CPUTIME_ID);
    extract_all(a, resp, n_resp);
    (void)dapo_judge(a, text_of(s, n), text_of(resp, n_resp));
    struct text g = extract_gold(a, s, n);
    struct verify_opts whole = {.extract = VERIFY_WHOLE};
    struct found f = extract_answer(a, resp, n_resp, &whole);
    double took = clock_s(CLOCK_PROCESS_CPUTIME_ID) - began;
    if (took > most_s)
        abort();
    if (took > slowest_s) {
        slowest_s = took;
        slowest_size = size;
    }
    parse_all(a, g);
    if (f.t.s && f.t.n) {
        parse_all(a, f.t);
        (void)simple_equal(norm_form(a, g), norm_form(a, f.t));
        if (f.t.n + g.n < 64) {
            struct outcome r = {0}, q = {0}, self = {0};
            compare_texts(a, g, f.t, &o, &r, note, NULL);
            compare_texts(a, g, f.t, &o, &q, note, NULL);
            if (r.correct != q.correct)
                abort();
            compare_texts(a, f.t, f.t, &o, &self, note, NULL);
            if (norm_form(a, f.t).n && !self.correct)
                abort();
        }
    }
    free(s);
    return 0;
}
