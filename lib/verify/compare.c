/* compare - see compare.h */
#include "compare.h"
#include <ctype.h>
#include <string.h>
#include "equal.h"
#include "words.h"

enum { MAX_COMPARISONS = 20000 };

struct trial {
    struct outcome *r;
    compare_note *note;
    void *ctx;
};

static void provisional(void *ctx)
{
    struct trial *t = ctx;
    struct outcome r = *t->r;

    r.correct = 1;
    r.well_formed = 1;
    r.rule = "numeric";
    t->note(t->ctx, &r, 0);
}

static int comma_between_digits(struct text t)
{
    for (size_t i = 1; i + 1 < t.n; i++)
        if (t.s[i] == ',' && isdigit((unsigned char)t.s[i - 1]) &&
            isdigit((unsigned char)t.s[i + 1]))
            return 1;
    return 0;
}

/* "1,234" alone is never the list of 1 and 234, nor "1,05" one of 1 and 5. */
static int no_list(struct text t)
{
    size_t run = 0, groups = 0, i = 0;

    for (; i + 2 < t.n; i++)
        if (t.s[i] == ',' && t.s[i + 1] == '0' &&
            isdigit((unsigned char)t.s[i + 2]))
            return 1;
    for (i = 0; i < t.n && strchr("-+$ ", t.s[i]);)
        i++;
    for (; i < t.n && (isdigit((unsigned char)t.s[i]) || t.s[i] == ','); i++) {
        if (t.s[i] == ',' && (run == 0 || run > 3 || (groups && run < 3)))
            return 0;
        groups += t.s[i] == ',';
        run = t.s[i] == ',' ? 0 : run + 1;
    }
    return i == t.n && groups && run == 3;
}

static int is_list(const struct expr *e)
{
    return e->kind == E_LIST || e->kind == E_SET || e->kind == E_SEQ;
}

static int single_number(const struct expr *e)
{
    if (expr_negated(e))
        e = expr_negated(e);
    if (e->kind == E_UNIT || e->kind == E_PERCENT)
        e = e->a[0];
    return e->kind == E_NUM && e->places > 0;
}

static int try(struct equal *q, struct text g, enum comma cg, struct text a,
               enum comma ca)
{
    const char *why;
    struct expr *x = expr_parse(q->a, g, cg, &why);
    struct expr *y = x ? expr_parse(q->a, a, ca, &why) : NULL;

    if (!y)
        return 0;
    /* a decimal comma is believed only in a single number, against one */
    if ((ca == COMMA_DECIMAL || cg == COMMA_DECIMAL) &&
        (!single_number(x) || !single_number(y)))
        return 0;
    if ((ca == COMMA_LIST && (!is_list(x) || no_list(a))) ||
        (cg == COMMA_LIST && (!is_list(y) || no_list(g))))
        return 0;
    q->depth = 0;
    q->budget = MAX_COMPARISONS;
    x = equal_prepare(q, x);
    y = equal_prepare(q, y);
    if (q->o->lax_names) {
        const char *u[2], *v[2];
        if (value_symbols(x, u, 2) == 1 && value_symbols(y, v, 2) == 1)
            y = expr_subst(q->a, y, v[0], expr_named(q->a, E_SYM, u[0]));
    }
    return equal_trees(q, x, y);
}

static int by_trees(struct equal *q, struct text g, struct text a)
{
    int cg = comma_between_digits(g), ca = comma_between_digits(a);

    if (try(q, g, COMMA_THOUSANDS, a, COMMA_THOUSANDS))
        return 1;
    for (int c = COMMA_LIST; c <= COMMA_DECIMAL; c++)
        if ((ca && try(q, g, COMMA_THOUSANDS, a, (enum comma)c)) ||
            (cg && try(q, g, (enum comma)c, a, COMMA_THOUSANDS)))
            return 1;
    return 0;
}

void compare_texts(struct arena *a, struct text gold, struct text answer,
                   const struct verify_opts *o, struct outcome *r,
                   compare_note *note, void *ctx)
{
    struct trial t = {r, note, ctx};
    struct equal q = {
        .a = a, .o = o, .rule = "structure", .answers = equal_answers};
    const char *why = NULL, *why_gold = NULL;

    q.v = (struct value_opts){o->precision, provisional, &t};
    q.budget = MAX_COMPARISONS;
    gold = words_to_formula(a, gold);
    answer = words_to_formula(a, answer);
    struct expr *x = expr_parse(a, gold, COMMA_THOUSANDS, &why_gold);
    struct expr *y = expr_parse(a, answer, COMMA_THOUSANDS, &why);

    r->rule = "different";
    r->well_formed = y != NULL;
    if (o->explain) {
        r->gold_tree = x ? expr_show(a, x, 0)
                         : arena_printf(a, "not read: %s", why_gold);
        r->answer_tree = y ? expr_show(a, y, 0)
                           : arena_printf(a, "not read: %s", why);
    }
    const char *rule = words_equal(a, gold, answer);
    if (rule) {
        r->correct = 1;
        r->well_formed = 1;
        r->rule = rule;
    } else if (by_trees(&q, gold, answer)) {
        r->correct = 1;
        r->well_formed = 1;
        r->rule = q.rule;
    } else if (!x || !y) {
        r->rule = "not_read";
    }
}
