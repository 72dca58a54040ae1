/* verify - one record's verdict (verify.h): extract, try the plain numbers on
 * the spot, hand the rest to the worker
 */
#include "verify.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "choice.h"
#include "dapo.h"
#include "extract.h"
#include "simple.h"
#include "worker.h"

struct verifier {
    struct verify_opts o;
    struct arena *a;
    struct worker *w;
};

int verify_open(struct verifier **out, const struct verify_opts *o,
                struct err *e)
{
    struct verifier *v = xcalloc(1, sizeof *v);

    (void)e;
    if (o)
        v->o = *o;
    if (v->o.cpu_ms <= 0)
        v->o.cpu_ms = 50;
    if (v->o.mem_mb <= 0)
        v->o.mem_mb = 256;
    v->a = arena_open();
    v->w = worker_open(v->o.cpu_ms, v->o.mem_mb);
    *out = v;
    return 0;
}

void verify_close(struct verifier **p)
{
    struct verifier *v = *p;

    if (!v)
        return;
    worker_close(&v->w);
    arena_close(&v->a);
    free(v);
    *p = NULL;
}

const char *verify_status_name(enum verify_status s)
{
    static const char *const names[] = {"ok", "no_answer", "timeout", "error"};
    return names[s];
}

static void none(struct verdict *out)
{
    *out = (struct verdict){
        .status = VERIFY_NO_ANSWER, .extract = "none", .rule = "none"};
}

/* What needs no parser: plain numbers, and the same text. NULL: undecided. */
static const char *quick_rule(struct arena *a, struct text gold,
                              struct text answer, int *equal)
{
    struct text g = norm_form(a, gold), f = norm_form(a, answer);

    if (!g.n)
        return NULL;
    *equal = simple_equal(g, f);
    if (*equal >= 0)
        return "number";
    *equal = 1;
    return g.n == f.n && !memcmp(g.s, f.s, g.n) ? "same_text" : NULL;
}

static void decided(struct verdict *out, const char *rule, int equal)
{
    out->rule = rule;
    out->correct = equal;
    out->well_formed = 1;
}

static int by_dapo(struct verifier *v, struct text gold, struct text response,
                   struct verdict *out)
{
    struct dapo d = dapo_judge(v->a, gold, response);

    if (!d.answer.s)
        return 0;
    out->extract = d.boxed ? "boxed" : "dapo";
    out->extracted = arena_strndup(v->a, d.answer.s, d.answer.n);
    out->n_extracted = d.answer.n;
    out->status = VERIFY_OK;
    decided(out, d.correct ? "same_text" : "different", d.correct);
    return 0;
}

int verify_math(struct verifier *v, const char *gold, size_t n_gold,
                const char *response, size_t n_response, struct verdict *out,
                struct err *e)
{
    none(out);
    arena_reset(v->a);
    if (v->o.extract == VERIFY_DAPO)
        return by_dapo(v, text_of(gold, n_gold), text_of(response, n_response),
                       out);
    struct found f = extract_answer(v->a, response, n_response, &v->o);
    out->extract = f.rule;
    if (!f.t.s || !f.t.n)
        return 0;
    out->status = VERIFY_OK;
    out->extracted = f.t.s;
    out->n_extracted = f.t.n;

    struct text g = extract_gold(v->a, gold, n_gold);
    /* a gold that is a letter, an answer that is a letter and its text */
    unsigned letter = f.label && strpbrk(g.s, "ABCDEFGH") ? choice_letters(g)
                                                          : 0;
    int quick = letter == 1u << (f.label & 31) >> 1;
    const char *rule = letter ? "letter" : quick_rule(v->a, g, f.t, &quick);
    if (rule && !v->o.explain) {
        decided(out, rule, quick);
        return 0;
    }
    /* An explanation wants both sides read in full, whoever decides. */
    int r = worker_compare(v->w, v->a, g, f.t, &v->o, out, e);
    if (!r && rule)
        decided(out, rule, quick);
    return r;
}

int verify_choice(struct verifier *v, const char *gold, size_t n_gold,
                  const char *const *choices, size_t n_choices,
                  const char *response, size_t n_response, struct verdict *out,
                  struct err *e)
{
    struct verify_opts lenient = v->o;
    unsigned want, allowed;

    (void)e;
    none(out);
    arena_reset(v->a);
    lenient.lenient = 1;
    struct text g = norm_backslashes(v->a, norm_unicode(v->a, gold, n_gold));
    allowed = n_choices ? (n_choices >= 26 ? 0x3FFFFFF : (1u << n_choices) - 1)
                        : 0xFF;
    if (!(want = choice_letters(g)))
        want = choice_of(v->a, gold, n_gold, allowed, choices, n_choices,
                         &lenient)
                   .letters;
    if (!want) /* "A Peter" */
        want = choice_first(g, allowed);
    struct chosen c = choice_of(v->a, response, n_response, allowed | want,
                                choices, n_choices, &v->o);
    out->extract = c.rule;
    if (c.t.s) {
        out->extracted = c.t.s;
        out->n_extracted = c.t.n;
    }
    int several = (c.letters & (c.letters - 1)) != 0;
    if (!c.letters || (several && !(want & (want - 1))))
        return 0;
    char *s = arena_alloc(v->a, 27);
    size_t n = 0;
    for (unsigned k = 0; k < 26; k++)
        if (c.letters >> k & 1)
            s[n++] = (char)('A' + k);
    out->extracted = s;
    out->n_extracted = n;
    out->status = VERIFY_OK;
    out->well_formed = 1;
    out->rule = "letter";
    out->correct = want && want == c.letters;
    if (v->o.explain) {
        out->answer_tree = s;
        out->gold_tree = arena_strndup(v->a, g.s, g.n);
    }
    return 0;
}
