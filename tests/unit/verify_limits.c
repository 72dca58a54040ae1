/* verify_limits - hostile answers end in a verdict and harm no neighbour
 *
 * alone: verdicts have limits of seconds, by the clock
 */
#include "../../lib/base/clock.h"
#include "../../lib/verify/verify.h"
#include "t.h"

#if defined(__SANITIZE_ADDRESS__)
enum { SLOW = 10 }; /* times slower under the sanitizers */
#else
enum { SLOW = 1 };
#endif

static char *buf;
static size_t n_buf;

static void put(const char *s)
{
    size_t k = strlen(s);
    memcpy(buf + n_buf, s, k + 1);
    n_buf += k;
}

static void times(const char *s, int n)
{
    while (n-- > 0)
        put(s);
}

static const char *begin(void)
{
    n_buf = 0;
    put("\\boxed{");
    return buf;
}

/* Judges the response in buf, then a plain one with the same verifier. */
static void hostile(struct verifier *v, const char *name, const char *gold,
                    int correct)
{
    struct verdict d;
    struct err e = {0};
    double t = clock_s(CLOCK_MONOTONIC);

    T_CHECKF(verify_math(v, gold, strlen(gold), buf, n_buf, &d, &e) == 0,
             "%s: %s", name, e.msg);
    t = clock_s(CLOCK_MONOTONIC) - t;
    T_CHECKF(t < 2.0 * SLOW, "%s took %.2f s", name, t);
    T_CHECKF(d.correct == correct, "%s: %s by %s", name,
             d.correct ? "right" : "wrong", d.rule);
    T_CHECKF(d.status != VERIFY_ERROR, "%s: error", name);
    T_CHECK(verify_math(v, "\\frac{1}{\\sqrt2}", 16,
                        "\\boxed{\\frac{\\sqrt2}{2}}", 25, &d, &e) == 0);
    T_CHECKF(d.correct, "the item after %s: %s", name, d.rule);
}

static void hostile_answers_get_a_verdict_and_the_stream_goes_on(void)
{
    static const char *const plain[] = {
        "5^5^5^5^5",
        "2^{2^{2^{49}}}",
        "9999!!",
        "((9!)!)!",
        "100000!",
        "e^{e^{e^{e^e}}}",
        "\\sin(10^{10^{10}})",
        "(10^9)!",
        "1e999999",
        "\\binom{100000000}{50000000}",
        "(1+\\sqrt2)^{100000}",
        "().__class__.__base__.__subclasses__()",
        "__import__('os').system('true')",
        "\\frac{1}{0}",
        "0^{-1}",
        "\\log 0",
        "x_{x_{x_{x}}}",
        "\\sqrt[0]{2}",
        "\\sqrt[10^9]{2}"};
    struct verifier *v = NULL;
    struct err e = {0};

    T_CHECK(verify_open(&v, NULL, &e) == 0);
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        begin();
        put(plain[i]);
        put("}");
        hostile(v, plain[i], "1", 0);
    }
    begin();
    times("{", 10000);
    put("1");
    times("}", 10001);
    hostile(v, "10,000 braces", "1", 0);
    begin();
    times("(", 10000);
    times(")", 10000);
    put("}");
    hostile(v, "10,000 brackets", "1", 0);
    begin();
    times("\\text{", 10000);
    times("}", 10001);
    hostile(v, "10,000 texts", "1", 0);
    begin();
    times("1", 1000000);
    put("}");
    hostile(v, "a million digits", "1", 0);
    begin();
    times("x^", 20000);
    put("1}");
    hostile(v, "20,000 powers", "1", 0);
    begin();
    times("\\pm 1+", 5000);
    put("1}");
    hostile(v, "5,000 signs", "1", 0);
    begin();
    put("\\begin{pmatrix}");
    for (int i = 0; i < 1000; i++) {
        times("1&", 999);
        put("1\\\\");
    }
    put("\\end{pmatrix}}");
    hostile(v, "a matrix of a million", "1", 0);
    n_buf = 0;
    times("\\boxed{", 100000);
    hostile(v, "100,000 open boxes", "1", 0);
    n_buf = 0;
    times("$1 ", 100000);
    hostile(v, "100,000 dollars", "2", 0);
    verify_close(&v);
}

/* Extraction is outside the worker: it must be linear by itself. */
static void extraction_takes_no_time_on_any_repetition(void)
{
    static const char *const units[] = {
        "(",        "{",       "- ",       "$",      "$x",      "\\[",
        "\\(",      "\\text{", "\\boxed{", "boxed(", "answer ", "answer is ",
        "Answer: ", "#### ",   "1 or ",    "A or ",  "not A ",  "</think>",
        "x(",       "1.",      "\\",       "**",     "\n",      "|"};
    struct verify_opts o = {.lenient = 1};
    struct verifier *v = NULL;
    struct err e = {0};
    struct verdict d;

    T_CHECK(verify_open(&v, &o, &e) == 0);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        double t = clock_s(CLOCK_MONOTONIC);
        n_buf = 0;
        times(units[i], SLOW > 1 ? 10000 : 50000);
        T_CHECK(verify_math(v, "1", 1, buf, n_buf, &d, &e) == 0);
        T_CHECK(verify_choice(v, "B", 1, NULL, 0, buf, n_buf, &d, &e) == 0);
        t = clock_s(CLOCK_MONOTONIC) - t;
        T_CHECKF(t < 3.0 * SLOW, "repeated \"%s\" took %.2f s", units[i], t);
    }
    verify_close(&v);
}

static void over_the_limit_is_a_timeout_and_no_error(void)
{
    struct verifier *v = NULL;
    struct err e = {0};
    struct verdict d;
    struct verify_opts o = {.cpu_ms = 20};
    static const char gold[] = "\\begin{pmatrix}", item[] = "2^{1/2}&";
    char *g = malloc(80000);

    /* 50 * 50 exact comparisons of roots: hundreds of milliseconds. What was
     * equal when the time ran out must not count for the whole. */
    T_CHECK(verify_open(&v, &o, &e) == 0);
    size_t n = (size_t)snprintf(g, 80000, "%s", gold);
    begin();
    put("\\begin{pmatrix}");
    for (int i = 0; i < 50; i++) {
        for (int j = 0; j < 49; j++)
            n += (size_t)snprintf(g + n, 80000 - n, "%s", item);
        n += (size_t)snprintf(g + n, 80000 - n, "1\\\\");
        times("\\sqrt{2}&", 49);
        put(i < 49 ? "1\\\\" : "2\\\\");
    }
    n += (size_t)snprintf(g + n, 80000 - n, "\\end{pmatrix}");
    put("\\end{pmatrix}}");
    T_CHECK(verify_math(v, g, n, buf, n_buf, &d, &e) == 0);
    free(g);
    T_EQ_INT(d.status, VERIFY_TIMEOUT);
    T_CHECK(!d.correct);
    T_CHECK(verify_math(v, "x+1", 3, "\\boxed{1+x}", 11, &d, &e) == 0);
    T_EQ_INT(d.status, VERIFY_OK);
    T_CHECK(d.correct);
    verify_close(&v);
}

static void a_worker_over_its_memory_is_replaced(void)
{
    struct verifier *v = NULL;
    struct err e = {0};
    struct verdict d;
    struct verify_opts o = {.mem_mb = 6, .cpu_ms = 5000};

    T_CHECK(verify_open(&v, &o, &e) == 0);
    begin();
    times("x+", 30000);
    put("1}");
    T_CHECK(verify_math(v, "1", 1, buf, n_buf, &d, &e) == 0);
#if !defined(__SANITIZE_ADDRESS__)
    T_EQ_INT(d.status, VERIFY_TIMEOUT);
#endif
    T_CHECK(!d.correct);
    T_CHECK(verify_math(v, "x+1", 3, "\\boxed{1+x}", 11, &d, &e) == 0);
    T_CHECK(d.correct);
    verify_close(&v);
}

int main(void)
{
    buf = malloc(4 << 20);
    if (!buf)
        return 1;
    T_RUN(hostile_answers_get_a_verdict_and_the_stream_goes_on);
    T_RUN(extraction_takes_no_time_on_any_repetition);
    T_RUN(over_the_limit_is_a_timeout_and_no_error);
    T_RUN(a_worker_over_its_memory_is_replaced);
    free(buf);
    T_DONE();
}
