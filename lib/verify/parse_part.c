/* parse_part - parts of a tree that several rules of the grammar build */
#include <stdlib.h>
#include "parse_impl.h"

int p_whole(const struct expr *e, long *v)
{
    const struct expr *pos = expr_negated(e);

    e = pos ? pos : e;
    if (e->kind != E_NUM || e->exp10 || strlen(e->name) > 9)
        return 0;
    *v = strtol(e->name, NULL, 10);
    *v = pos ? -*v : *v;
    return 1;
}

/* 0.1(6): the written part plus 6 / (9 * 10^places). */
struct expr *p_repeat(struct parser *p, struct expr *e, const char *digits)
{
    if (!digits)
        return e;
    size_t n = strlen(digits);
    char *nines = arena_alloc(p->a, n + 1);
    struct expr *r = named(p, E_NUM, digits);
    memset(nines, '9', n);
    r->exp10 = e->exp10;
    e->places = 0; /* exact */
    return two(p, E_ADD, e, expr_over(p->a, r, named(p, E_NUM, nines)));
}

struct expr *p_with(struct parser *p, struct expr *value, struct expr *conds)
{
    int n = conds->kind == E_LIST ? conds->n : 1;
    struct expr *e = expr_new(p->a, E_WITH, n + 1);

    e->a[0] = value;
    for (int i = 0; i < n; i++)
        e->a[i + 1] = conds->kind == E_LIST ? conds->a[i] : conds;
    return e;
}

const char *p_number_set(const char *words)
{
    static const char filler[] =
        "is|are|a|an|any|arbitrary|some|the|number|numbers|all";
    static const char *const kinds[][2] = {
        {"integer|integers", "ZZ"},
        {"natural", "NN"},
        {"rational", "QQ"},
        {"complex", "CC"},
        {"real|reals|constant|constants", "RR"},
        {"positive", "+"},
        {"nonnegative", "0"}};
    const char *set = NULL, *sign = "";

    for (const char *s = words; *(s += strspn(s, " ,."));) {
        struct text w = text_of(s, strcspn(s, " ,."));
        size_t i = 0;
        while (i < 7 && !text_in(w, kinds[i][0]))
            i++;
        if (i == 7 && !text_in(w, filler))
            return NULL;
        if (i < 5)
            set = set ? set : kinds[i][1];
        else if (i < 7)
            sign = kinds[i][1];
        s += w.n;
    }
    if (!set || !*sign)
        return set;
    return set[0] == 'R' ? "R+" : *sign == '+' ? "Z+" : "N0";
}
