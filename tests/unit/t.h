/* t - the few lines every unit test stands on
 *
 * A test program is a list of named checks; each prints "ok NAME",
 * "not ok NAME: why" or "skip NAME: why". tests/run adds them up.
 */
#ifndef ULP_T_H
#define ULP_T_H
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int t_failed; /* checks failed in the current test */
static char t_why[2048];

__attribute__((format(printf, 3, 4), unused)) static void
t_fail(const char *file, int line, const char *fmt, ...)
{
    char msg[1500];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    if (!t_failed++)
        snprintf(t_why, sizeof t_why, "%s:%d: %s", file, line, msg);
}

#define T_CHECK(cond)                                                          \
    do {                                                                       \
        if (!(cond))                                                           \
            t_fail(__FILE__, __LINE__, "%s", #cond);                           \
    } while (0)
#define T_CHECKF(cond, ...)                                                    \
    do {                                                                       \
        if (!(cond))                                                           \
            t_fail(__FILE__, __LINE__, __VA_ARGS__);                           \
    } while (0)
#define T_EQ_INT(a, b)                                                         \
    do {                                                                       \
        long long a_ = (long long)(a), b_ = (long long)(b);                    \
        if (a_ != b_)                                                          \
            t_fail(__FILE__, __LINE__, "%s = %lld, expected %lld", #a, a_,     \
                   b_);                                                        \
    } while (0)
#define T_EQ_STR(a, b)                                                         \
    do {                                                                       \
        const char *a_ = (a), *b_ = (b);                                       \
        if (!a_ || strcmp(a_, b_))                                             \
            t_fail(__FILE__, __LINE__, "%s = \"%s\", expected \"%s\"", #a,     \
                   a_ ? a_ : "(null)", b_);                                    \
    } while (0)
/* absolute plus relative; say beside the call why the bound is right */
#define T_NEAR(a, b, abs_, rel_)                                               \
    do {                                                                       \
        double a_ = (a), b_ = (b);                                             \
        if (!(fabs(a_ - b_) <= (abs_) + (rel_)*fabs(b_)))                      \
            t_fail(__FILE__, __LINE__, "%s = %.17g, expected %.17g", #a, a_,   \
                   b_);                                                        \
    } while (0)

static int t_any_failed;

__attribute__((unused)) static void t_run(const char *name, void (*fn)(void))
{
    t_failed = 0;
    fn();
    if (t_failed) {
        printf("not ok %s: %s\n", name, t_why);
        t_any_failed = 1;
    } else {
        printf("ok %s\n", name);
    }
    fflush(stdout);
}

#define T_RUN(fn) t_run(#fn, fn)
#define T_SKIP(name, why) printf("skip %s: %s\n", name, why)
#define T_DONE() return t_any_failed

#endif
