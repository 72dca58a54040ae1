/* verify_corpus - every input of the fuzzer gets its verdict within 0.2 s
 *
 * The seeds, and what `make fuzz` has learned, where it has run here: the gold
 * answer up to the first 0xFF, then the response.
 */
#include <dirent.h>
#include "../../lib/base/clock.h"
#include "../../lib/verify/verify.h"
#include "t.h"

enum { TRIES = 4 }; /* the machine may have other work */
#if defined(__SANITIZE_ADDRESS__)
static const double most_s = 2.0;
#else
static const double most_s = 0.2;
#endif

static struct verifier *by_rules, *lenient;
static double slowest_s;
static char slowest[600];
static int n_inputs;

/* The longer of both verdicts on one input. */
static double judged_s(const char *gold, size_t n_gold, const char *resp,
                       size_t n_resp)
{
    struct verifier *const v[] = {by_rules, lenient};
    struct verdict d;
    struct err e = {0};
    double longest = 0.0;

    for (int i = 0; i < 2; i++) {
        double t = clock_s(CLOCK_MONOTONIC);

        T_CHECK(verify_math(v[i], gold, n_gold, resp, n_resp, &d, &e) == 0);
        T_CHECK(d.status != VERIFY_ERROR);
        t = clock_s(CLOCK_MONOTONIC) - t;
        longest = t > longest ? t : longest;
        T_CHECK(verify_choice(v[i], "B", 1, NULL, 0, resp, n_resp, &d, &e) ==
                0);
    }
    return longest;
}

static void judge_file(const char *path)
{
    static char text[1 << 20];
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(text, 1, sizeof text, f) : 0;
    const char *cut = memchr(text, 0xFF, n);
    size_t n_gold = cut ? (size_t)(cut - text) : n;
    const char *resp = cut ? cut + 1 : text;
    double least = 1e9;

    if (f)
        fclose(f);
    for (int i = 0; i < TRIES && least > most_s / 4; i++) {
        double t = judged_s(text, n_gold, resp, cut ? n - n_gold - 1 : n);
        least = t < least ? t : least;
    }
    n_inputs++;
    T_CHECKF(least <= most_s, "%s took %.3f s", path, least);
    if (least > slowest_s) {
        slowest_s = least;
        snprintf(slowest, sizeof slowest, "%s", path);
    }
}

static void judge_folder(const char *folder)
{
    DIR *d = opendir(folder);
    struct dirent *x;
    char path[600];

    while (d && (x = readdir(d)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", folder, x->d_name);
        if (x->d_name[0] != '.')
            judge_file(path);
    }
    if (d)
        closedir(d);
}

static void every_input_of_the_fuzzer_gets_its_verdict_in_time(void)
{
    struct verify_opts o = {.lenient = 1};
    struct err e = {0};

    T_CHECK(verify_open(&by_rules, NULL, &e) == 0);
    T_CHECK(verify_open(&lenient, &o, &e) == 0);
    judge_folder("tests/fuzz/seeds/verify");
    T_CHECKF(n_inputs >= 50, "%d seeds", n_inputs);
    judge_folder("build/fuzz/corpus/verify");
    printf("note slowest of %d inputs: %.3f s, %s\n", n_inputs, slowest_s,
           slowest);
    verify_close(&by_rules);
    verify_close(&lenient);
}

int main(void)
{
    T_RUN(every_input_of_the_fuzzer_gets_its_verdict_in_time);
    T_DONE();
}
