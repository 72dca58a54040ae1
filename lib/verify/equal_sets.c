/* equal_sets - sets of reals in one normal form (equal.h)
 *
 * A set is a sorted row of disjoint intervals; a point is a closed interval
 * of no length. Ends are sorted by their double values (ends that agree to
 * 12 digits are taken for the same place) and compared exactly.
 */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#include "equal.h"

enum { MAX_PIECES = 256 };

struct piece {
    const struct expr *lo, *hi;
    double dlo, dhi;
    int open_lo, open_hi;
};

struct set {
    int n;
    struct piece v[MAX_PIECES];
};

static struct expr *infinity(struct equal *q, int neg)
{
    struct expr *e = expr_named(q->a, E_CONST, "inf");

    return neg ? expr_neg(q->a, e) : e;
}

static struct expr *span(struct equal *q, const struct expr *lo,
                         const struct expr *hi, char lb, char rb)
{
    struct expr *e = expr_pair(q->a, E_SEQ, lo ? lo : infinity(q, 1),
                               hi ? hi : infinity(q, 0));

    e->lb = lb;
    e->rb = rb;
    return e;
}

static int constant(const struct expr *e)
{
    double d;
    return value_double(e, &d);
}

/* |x| in [lo, hi] as a set of x. */
static struct expr *unfold_abs(struct equal *q, const struct expr *lo,
                               const struct expr *hi, char lb, char rb)
{
    char out = rb == ')' ? '(' : '[', in = lb == '(' ? ')' : ']';
    double d;

    if (!lo && !hi)
        return NULL;
    if (!lo || (value_double(lo, &d) && d < 0)) /* |x| < hi */
        return hi ? span(q, expr_neg(q->a, hi), hi, out, rb) : NULL;
    if (!hi)
        return expr_pair(q->a, E_UNION,
                         span(q, NULL, expr_neg(q->a, lo), '(', in),
                         span(q, lo, NULL, lb, ')'));
    return expr_pair(q->a, E_UNION, span(q, lo, hi, lb, rb),
                     span(q, expr_neg(q->a, hi), expr_neg(q->a, lo), out, in));
}

/* x or |x|: the name of the variable, or NULL. */
static const char *variable(const struct expr *e)
{
    if (e->kind == E_FN && e->n == 1 && !strcmp(e->name, "abs"))
        e = e->a[0];
    return e->kind == E_SYM ? e->name : NULL;
}

/* Bounds of x as a set: a relation of two or three sides. */
static struct expr *bounds(struct equal *q, const struct expr *e,
                           const char **var)
{
    const struct expr *lo = NULL, *hi = NULL, *x;
    char lb = '(', rb = ')', op = e->name[0];

    if (e->n == 2) {
        int right = variable(e->a[1]) && constant(e->a[0]);
        x = e->a[right];
        const struct expr *c = e->a[!right];
        if (!(*var = variable(x)) || !constant(c) || !strchr("<>lg=n", op))
            return NULL;
        if (op == 'n' && x->kind == E_SYM)
            return expr_pair(q->a, E_UNION, span(q, NULL, c, '(', ')'),
                             span(q, c, NULL, '(', ')'));
        if (op == '=' || op == 'n')
            return op == '=' && x->kind == E_SYM ? span(q, c, c, '[', ']')
                                                 : NULL;
        if ((op == '<' || op == 'l') != right) {
            hi = c;
            rb = op == 'l' || op == 'g' ? ']' : ')';
        } else {
            lo = c;
            lb = op == 'l' || op == 'g' ? '[' : '(';
        }
    } else {
        int up = strchr("<l", op) && strchr("<l", e->name[1]);
        int down = strchr(">g", op) && strchr(">g", e->name[1]);
        x = e->a[1];
        if (e->n != 3 || !(*var = variable(x)) || (!up && !down))
            return NULL;
        lo = e->a[down ? 2 : 0];
        hi = e->a[down ? 0 : 2];
        lb = strchr("lg", e->name[down]) ? '[' : '(';
        rb = strchr("lg", e->name[!down]) ? ']' : ')';
    }
    return x->kind == E_FN ? unfold_abs(q, lo, hi, lb, rb)
                           : span(q, lo, hi, lb, rb);
}

/* Several relations of one variable: joined by "or" a union, by "and" an
 * intersection, by commas an intersection unless that is empty. */
static struct expr *several(struct equal *q, const struct expr *e, int from,
                            const char *link, const char **var)
{
    struct expr *sum = NULL;
    enum expr_kind k = !strcmp(link, "or") ? E_UNION : E_INTER;

    for (int i = from; i < e->n; i++) {
        const char *v = NULL;
        struct expr *s = e->a[i]->kind == E_REL ? sets_of(q, e->a[i], &v)
                                                : NULL;
        if (!s || !v || (i > from && strcmp(v, *var)))
            return NULL;
        *var = v;
        if (relation_is(e->a[i], '='))
            k = E_UNION; /* solutions, one by one */
        sum = sum ? expr_pair(q->a, k, sum, s) : s;
    }
    if (sum && k == E_INTER && !*link && e->n > from + 1)
        sum->name = "or";
    return sum;
}

struct expr *sets_of(struct equal *q, const struct expr *e, const char **var)
{
    struct expr *s, *t;
    const char *v = NULL;

    *var = NULL;
    if (q->depth > 50)
        return NULL;
    if (e->kind == E_REL && e->n == 2 && e->name[0] == 'i') {
        if (!(*var = variable(e->a[0])))
            return NULL;
        if (e->a[0]->kind == E_SYM)
            return e->a[1];
        const struct expr *r = e->a[1];
        return r->kind == E_SEQ && r->n == 2
                   ? unfold_abs(q, r->a[0], r->a[1], r->lb, r->rb)
                   : NULL;
    }
    if (relation_is(e, '='))
        return NULL; /* x = 5 is a value; in a list it is a point */
    if (e->kind == E_REL)
        return bounds(q, e, var);
    if (e->kind == E_LIST && e->n > 1 && strcmp(e->name, "both")) {
        s = several(q, e, 0, e->name, var);
        return s;
    }
    if (e->kind != E_WITH || !(s = several(q, e, 1, "and", &v)))
        return NULL;
    /* {x | ...}, {x in S | ...}: the name is bound, so it is none */
    const struct expr *x = e->a[0];
    if (strcmp(e->name, "set")) { /* "x in R with x != 0" */
        t = sets_of(q, x, var);
        return t && *var && !strcmp(*var, v) ? expr_pair(q->a, E_INTER, t, s)
                                             : NULL;
    }
    t = relation_is(x, 'i') ? x->a[1] : NULL;
    x = t ? x->a[0] : x;
    if (x->kind != E_SYM || strcmp(x->name, v))
        return NULL;
    return t ? expr_pair(q->a, E_INTER, t, s) : s;
}

/* ---- normal form ------------------------------------------------------- */

static int infinite_sign(double d)
{
    return (d > DBL_MAX) - (d < -DBL_MAX);
}

static int add(struct set *s, const struct expr *lo, const struct expr *hi,
               int open_lo, int open_hi)
{
    struct piece *p = &s->v[s->n];

    if (s->n == MAX_PIECES - 1 || !value_double(lo, &p->dlo) ||
        !value_double(hi, &p->dhi) || !(p->dlo <= p->dhi) ||
        infinite_sign(p->dlo) != value_infinite(lo) ||
        infinite_sign(p->dhi) != value_infinite(hi))
        return -1; /* also what no double holds */
    p->lo = lo;
    p->hi = hi;
    p->open_lo = open_lo || isinf(p->dlo);
    p->open_hi = open_hi || isinf(p->dhi);
    s->n++;
    return 0;
}

static int same_place(double x, double y)
{
    return x == y ||
           (isfinite(x) && isfinite(y) && fabs(x - y) <= 1e-12 * (1 + fabs(x)));
}

static int before(const struct piece *p, const struct piece *q)
{
    if (!same_place(p->dlo, q->dlo))
        return p->dlo < q->dlo;
    return p->open_lo < q->open_lo;
}

static void normalise(struct set *s)
{
    int o = 0;

    for (int i = 1; i < s->n; i++) { /* insertion sort: few pieces */
        struct piece p = s->v[i];
        int j = i;
        for (; j > 0 && before(&p, &s->v[j - 1]); j--)
            s->v[j] = s->v[j - 1];
        s->v[j] = p;
    }
    for (int i = 1; i < s->n; i++) {
        struct piece *p = &s->v[o], *r = &s->v[i];
        int touch = same_place(p->dhi, r->dlo);
        if (r->dlo < p->dhi || (touch && !(p->open_hi && r->open_lo))) {
            if (same_place(r->dhi, p->dhi))
                p->open_hi &= r->open_hi;
            else if (r->dhi > p->dhi) {
                p->hi = r->hi;
                p->dhi = r->dhi;
                p->open_hi = r->open_hi;
            }
        } else {
            s->v[++o] = *r;
        }
    }
    s->n = s->n ? o + 1 : 0;
}

static int gather(struct equal *q, const struct expr *e, struct set *s);

/* Adds what lies in both. */
static int intersect(const struct set *x, const struct set *y, struct set *out)
{
    for (int i = 0; i < x->n; i++)
        for (int j = 0; j < y->n; j++) {
            const struct piece *p = &x->v[i], *r = &y->v[j];
            struct piece m = *p;
            if (r->dlo > p->dlo || (same_place(r->dlo, p->dlo) && r->open_lo)) {
                m.lo = r->lo;
                m.dlo = r->dlo;
                m.open_lo = r->open_lo;
            }
            if (r->dhi < p->dhi || (same_place(r->dhi, p->dhi) && r->open_hi)) {
                m.hi = r->hi;
                m.dhi = r->dhi;
                m.open_hi = r->open_hi;
            }
            if (m.dlo > m.dhi ||
                (same_place(m.dlo, m.dhi) && (m.open_lo || m.open_hi)))
                continue;
            if (out->n == MAX_PIECES - 1)
                return -1;
            out->v[out->n++] = m;
        }
    return 0;
}

static void complement(struct equal *q, const struct set *x, struct set *out)
{
    const struct expr *lo = infinity(q, 1);
    double d = -INFINITY;
    int open = 1;

    out->n = 0;
    for (int i = 0; i <= x->n && out->n < MAX_PIECES - 1; i++) {
        const struct piece *p = i < x->n ? &x->v[i] : NULL;
        struct piece m = {lo,   p ? p->lo : infinity(q, 0),
                          d,    p ? p->dlo : INFINITY,
                          open, p ? !p->open_lo : 1};
        if (m.dlo < m.dhi ||
            (same_place(m.dlo, m.dhi) && !m.open_lo && !m.open_hi))
            out->v[out->n++] = m;
        if (p) {
            lo = p->hi;
            d = p->dhi;
            open = !p->open_hi;
        }
    }
}

static int combine(struct equal *q, const struct expr *e, struct set *s)
{
    struct set *t = arena_alloc(q->a, 3 * sizeof *t);

    if (gather(q, e->a[0], &t[0]) || gather(q, e->a[1], &t[1]))
        return -1;
    normalise(&t[0]);
    normalise(&t[1]);
    if (e->kind == E_DIFF) {
        complement(q, &t[1], &t[2]);
        return intersect(&t[0], &t[2], s);
    }
    int n = s->n, r = intersect(&t[0], &t[1], s);
    if (r || s->n > n || strcmp(e->name, "or"))
        return r;
    for (int k = 0; k < 2; k++) /* "x < 1, x > 3" */
        for (int i = 0; i < t[k].n; i++) {
            if (s->n == MAX_PIECES - 1)
                return -1;
            s->v[s->n++] = t[k].v[i];
        }
    return 0;
}

static int gather(struct equal *q, const struct expr *e, struct set *s)
{
    struct expr *r;
    const char *var;
    int bad = 0;

    if (q->depth > 40)
        return -1;
    if (e->kind == E_SEQ && e->n == 2)
        return add(s, e->a[0], e->a[1], e->lb == '(', e->rb == ')');
    if (e->kind == E_SYM && !strcmp(e->name, "RR"))
        return add(s, infinity(q, 1), infinity(q, 0), 1, 1);
    q->depth++;
    if ((r = sets_of(q, e, &var))) {
        bad = gather(q, r, s);
    } else if (e->kind == E_UNION || e->kind == E_SET || e->kind == E_LIST) {
        for (int i = 0; i < e->n && !bad; i++) {
            const struct expr *x = e->a[i];
            if (e->kind == E_SET || (e->kind == E_LIST && constant(x)))
                bad = value_infinite(x) || add(s, x, x, 0, 0);
            else
                bad = gather(q, x, s);
        }
    } else if (e->kind == E_INTER || e->kind == E_DIFF) {
        bad = combine(q, e, s);
    } else {
        bad = -1;
    }
    q->depth--;
    return bad ? -1 : 0;
}

int sets_equal(struct equal *q, const struct expr *x, const struct expr *y)
{
    struct set *s = arena_alloc(q->a, 2 * sizeof *s);
    const char *u = NULL, *v = NULL;

    (void)sets_of(q, x, &u);
    (void)sets_of(q, y, &v);
    s[0].n = s[1].n = 0;
    if (gather(q, x, &s[0]) || gather(q, y, &s[1]))
        return -1;
    if (u && v && strcmp(u, v))
        return 0; /* of two variables */
    normalise(&s[0]);
    normalise(&s[1]);
    if (s[0].n != s[1].n || s[0].n == 0)
        return 0; /* two contradictions say nothing */
    for (int i = 0; i < s[0].n; i++) {
        const struct piece *p = &s[0].v[i], *r = &s[1].v[i];
        if (p->open_lo != r->open_lo || p->open_hi != r->open_hi ||
            !equal_trees(q, p->lo, r->lo) || !equal_trees(q, p->hi, r->hi))
            return 0;
    }
    return 1;
}
