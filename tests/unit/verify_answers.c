/* verify_answers - the regression suite of gradings (tests/golden/verify)
 *
 * answers.tsv: one pair of answers a line, as a verdict that once was or
 * could be wrong. Each is asked both ways (only the gold's own digits may
 * make a difference; "gold": its left side may be left out, not added), and
 * each side must equal itself. responses.tsv and kinds.tsv: whole responses.
 */
#include "../../lib/verify/verify.h"
#include "t.h"

static struct verifier *open_with(struct verify_opts o)
{
    struct verifier *v = NULL;
    struct err e = {0};

    if (verify_open(&v, &o, &e))
        t_fail(__FILE__, __LINE__, "%s", e.msg);
    return v;
}

static int ask(struct verifier *v, const char *gold, const char *answer,
               struct verdict *d)
{
    struct err e = {0};

    if (verify_math(v, gold, strlen(gold), answer, strlen(answer), d, &e))
        t_fail(__FILE__, __LINE__, "%s", e.msg);
    return d->correct;
}

/* Up to four fields of a line parted by tabs; how many there are. */
static int fields(char *line, char *f[4])
{
    int n = 0;

    line[strcspn(line, "\n")] = 0;
    if (!*line || *line == '#')
        return 0;
    for (char *p = line; p && n < 4; n++) {
        f[n] = p;
        if ((p = strchr(p, '\t')))
            *p++ = 0;
    }
    return n;
}

typedef void each(struct verifier *v, char **f, int n);

static int for_lines(const char *path, struct verify_opts o, each *fn)
{
    struct verifier *v = open_with(o);
    FILE *in = fopen(path, "r");
    char line[4096], *f[4];
    int n, lines = 0;

    if (!in) {
        t_fail(__FILE__, __LINE__, "cannot open %s", path);
        verify_close(&v);
        return 0;
    }
    while (fgets(line, sizeof line, in))
        if ((n = fields(line, f)) > 0) {
            fn(v, f, n);
            lines++;
        }
    fclose(in);
    verify_close(&v);
    return lines;
}

static void check_pair(struct verifier *v, char **f, int n)
{
    struct verdict d;

    T_CHECKF(n == 4, "%s: %d fields", f[0], n);
    if (n != 4)
        return;
    int yes = strcmp(f[2], "no") != 0, got = ask(v, f[0], f[1], &d);
    T_CHECKF(got == yes, "%s against %s: %s by %s, expected %s (%s)", f[1],
             f[0], got ? "right" : "wrong", d.rule, f[2], f[3]);
    if (!*f[1] || !strcmp(d.rule, "rounded"))
        return;
    int back = ask(v, f[1], f[0], &d);
    got &= strcmp(f[2], "gold") != 0; /* may be left out, not added */
    T_CHECKF(back == got || !strcmp(d.rule, "rounded"),
             "%s and %s: %d one way, %d the other", f[0], f[1], got, back);
}

static void answers_are_judged_as_listed_both_ways(void)
{
    int n = for_lines("tests/golden/verify/answers.tsv",
                      (struct verify_opts){.extract = VERIFY_WHOLE},
                      check_pair);
    T_CHECKF(n >= 200, "%d pairs", n);
}

static void check_self(struct verifier *v, char **f, int n)
{
    struct verdict d;

    for (int i = 0; i < 2 && i < n; i++)
        if (*f[i])
            T_CHECKF(ask(v, f[i], f[i], &d), "%s is not itself: %s", f[i],
                     d.rule);
}

static void every_answer_equals_itself(void)
{
    T_CHECK(for_lines("tests/golden/verify/answers.tsv",
                      (struct verify_opts){.extract = VERIFY_WHOLE},
                      check_self) > 0);
}

static void check_response(struct verifier *v, char **f, int n)
{
    static const char sign[] = "\xE2\x8F\x8E"; /* for a new line */
    const char *choices[26];
    size_t n_choices = 0;
    struct verdict d;
    struct err e = {0};
    int r;

    T_CHECKF(n == 4, "%s: %d fields", f[0], n);
    if (n != 4)
        return;
    for (char *p; (p = strstr(f[2], sign));) {
        *p = '\n';
        memmove(p + 1, p + 3, strlen(p + 3) + 1);
    }
    if (!strncmp(f[1], "choice", 6)) {
        char *p = strchr(f[1], ':');
        for (p = p ? strtok(p + 1, "|") : NULL; p; p = strtok(NULL, "|"))
            choices[n_choices++] = p;
        r = verify_choice(v, f[0], strlen(f[0]), choices, n_choices, f[2],
                          strlen(f[2]), &d, &e);
    } else
        r = verify_math(v, f[0], strlen(f[0]), f[2], strlen(f[2]), &d, &e);
    T_CHECK(r == 0);
    T_CHECKF(d.correct == !strcmp(f[3], "yes"),
             "%s in \"%s\": %s by %s/%s, expected %s", f[0], f[2],
             d.correct ? "right" : "wrong", d.extract, d.rule, f[3]);
}

static void responses_are_judged_as_listed(void)
{
    int n = for_lines("tests/golden/verify/responses.tsv",
                      (struct verify_opts){0}, check_response);
    T_CHECKF(n >= 80, "%d responses", n);
}

static void kinds_of_responses_are_judged_as_listed(void)
{
    int n = for_lines("tests/golden/verify/kinds.tsv", (struct verify_opts){0},
                      check_response);
    T_CHECKF(n >= 250, "%d responses", n);
}

static void choices_may_be_named_by_their_text(void)
{
    static const char *const texts[] = {"4", "the number 5", "x^2", "7"};
    static const struct {
        const char *response;
        int right;
    } cases[] = {
        {"The answer is the number 5.", 1},
        {"\\boxed{5}", 0},
        {"\\boxed{the number 5}", 1},
        {"The answer is x^2.", 0},
        {"the number 5", 1},
        {"Answer: B) the number 5", 1},
        {"\\boxed{4}", 0},
        {"\\boxed{E}", 0},
    };
    struct verifier *v = open_with((struct verify_opts){0});
    struct verdict d;
    struct err e = {0};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        T_CHECK(verify_choice(v, "B", 1, texts, 4, cases[i].response,
                              strlen(cases[i].response), &d, &e) == 0);
        T_CHECKF(d.correct == cases[i].right, "\"%s\": %d", cases[i].response,
                 d.correct);
    }
    verify_close(&v);
}

static void precision_counts_decimal_places(void)
{
    struct verify_opts o = {.extract = VERIFY_WHOLE, .precision = 3};
    struct verifier *v = open_with(o);
    struct verdict d;

    T_CHECK(ask(v, "\\frac13", "0.333", &d));
    T_CHECK(!ask(v, "\\frac13", "0.33", &d));
    T_CHECK(!ask(v, "2", "3", &d));
    verify_close(&v);
}

/* tests/parity/dapo.sh has the rule as a whole. */
static void dapo_sees_300_characters_and_the_last_box(void)
{
    static const char mark[] = "Answer: 42", boxed[] = "\\boxed{42}";
    struct verifier *v = open_with(
        (struct verify_opts){.extract = VERIFY_DAPO});
    struct verdict d;
    char text[1000];

    T_CHECK(ask(v, "42", "x\nAnswer: 42", &d));
    T_EQ_STR(d.extract, "dapo");
    T_CHECK(ask(v, "42", "Answer: 41\nanswer : $42$\n", &d));
    T_CHECK(ask(v, "42", boxed, &d));
    T_EQ_STR(d.extract, "boxed");
    T_CHECK(!ask(v, "42", "Answer: 41 \\boxed{42}", &d));
    T_CHECK(!ask(v, "0.5", "Answer: 1/2", &d)); /* no mathematics is done */
    T_CHECK(!ask(v, "42", "42", &d));
    T_EQ_INT(d.status, VERIFY_NO_ANSWER);
    /* as many characters of two bytes behind it as leave it in sight */
    for (int i = 0; i < 4; i++) {
        const char *s = i < 2 ? mark : boxed;
        int seen = i < 2 ? 300 : 100,
            n = snprintf(text, sizeof text, "%s\n", s);
        for (int k = n; k < seen + i % 2; k++, n += 2)
            memcpy(text + n, "\xC3\xA9", 3);
        T_CHECKF(ask(v, "42", text, &d) == !(i % 2), "%d: %s by %s", i,
                 d.correct ? "right" : "wrong", d.extract);
    }
    verify_close(&v);
}

static void a_heading_marks_what_follows(void)
{
    static const char *const right[] = {
        "x\n### Final Answer\n42",
        "so\n**Answer**\n\n42\n",
        "**Final Answer**\n\n$x=42$",
        "## Answer\n\n\\[\n42\n\\]",
        "Answer:\n42",
        "The answer is:\n$$\n42\n$$",
        "\\boxed{41}, no:\n\\boxed{42}",
        "<think>Answer: 41</think>\nAnswer: 42"};
    static const char *const wrong[] = {"An answer\n42",
                                        "<think>Answer: 42</think> None.",
                                        "Answer: 42\nAnswer: 41",
                                        "\\boxed{42",
                                        "Answer: \\boxed{42",
                                        "42",
                                        ""};
    struct verifier *v = open_with((struct verify_opts){0});
    struct verdict d;

    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++)
        T_CHECKF(ask(v, "42", right[i], &d), "\"%s\": %s/%s", right[i],
                 d.extract, d.rule);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        T_CHECKF(!ask(v, "42", wrong[i], &d), "\"%s\": %s/%s", wrong[i],
                 d.extract, d.rule);
    verify_close(&v);
}

int main(void)
{
    T_RUN(answers_are_judged_as_listed_both_ways);
    T_RUN(every_answer_equals_itself);
    T_RUN(a_heading_marks_what_follows);
    T_RUN(responses_are_judged_as_listed);
    T_RUN(kinds_of_responses_are_judged_as_listed);
    T_RUN(choices_may_be_named_by_their_text);
    T_RUN(precision_counts_decimal_places);
    T_RUN(dapo_sees_300_characters_and_the_last_box);
    T_DONE();
}
