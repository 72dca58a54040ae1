/* equal_sets - sets of reals in one normal form (equal.h)
 *
 * A set is a sorted row of disjoint intervals; a point is a closed interval
 * of no length. Ends are sorted by their double values (ends that agree to
 * 12 digits are taken for the same place) and compared exactly.
 */
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
    struct expr *e = expr_new(q->a, E_CONST, 0);

    e->name = "inf";
    if (!neg)
        return e;
    struct expr *m = expr_new(q->a, E_MUL, 2);
    m->a[0] = expr_new(q->a, E_NUM, 0);
    m->a[0]->name = "-1";
    m->a[1] = e;
    return m;
}

static struct expr *span(struct equal *q, const struct expr *lo,
                         const struct expr *hi, char lb, char rb)
{
    struct expr *e = expr_new(q->a, E_SEQ, 2);

    e->a[0] = lo ? (struct expr *)(uintptr_t)lo : infinity(q, 1);
    e->a[1] = hi ? (struct expr *)(uintptr_t)hi : infinity(q, 0);
    e->lb = lb;
    e->rb = rb;
    return e;
}

static struct expr *pair(struct equal *q, enum expr_kind k, struct expr *x,
                         struct expr *y)
{
    struct expr *e = expr_new(q->a, k, 2);

    e->a[0] = x;
    e->a[1] = y;
    return e;
}

static struct expr *negated(struct equal *q, const struct expr *x)
{
    struct expr *e = expr_new(q->a, E_MUL, 2);

    e->a[0] = expr_new(q->a, E_NUM, 0);
    e->a[0]->name = "-1";
    e->a[1] = (struct expr *)(uintptr_t)x;
    return e;
}

static int is_infinite(const struct expr *e)
{
    double d;
    return value_double(e, &d) && isinf(d);
}

static int constant(const struct expr *e)
{
    double d;
    return value_double(e, &d);
}

/* |x| in [lo, hi] as a set of x. */
static struct expr *unfold_abs(struct equal *q, struct expr *s)
{
    double lo, hi;
    int none = value_double(s->a[0], &lo) && lo < 0;

    if (!value_double(s->a[1], &hi))
        return NULL;
    if (none) /* |x| < hi */
        return span(q, negated(q, s->a[1]), s->a[1],
                    s->rb == ')' ? '(' : '[', s->rb);
    return pair(q, E_UNION, s,
                span(q, negated(q, s->a[1]), negated(q, s->a[0]),
                     s->rb == ')' ? '(' : '[', s->lb == '(' ? ')' : ']'));
}

static int is_variable(const struct expr *e)
{
    return e->kind == E_SYM ||
           (e->kind == E_FN && e->n == 1 && !strcmp(e->name, "abs") &&
            e->a[0]->kind == E_SYM);
}

struct expr *sets_of_relation(struct equal *q, const struct expr *e)
{
    const struct expr *lo = NULL, *hi = NULL, *x;
    char lb = '(', rb = ')', op;

    if (e->kind != E_REL)
        return NULL;
    if (e->n == 2 && e->name[0] == 'i' && is_variable(e->a[0]))
        return e->a[1];
    if (e->n == 2) {
        int right = is_variable(e->a[1]) && constant(e->a[0]);
        if (!right && !(is_variable(e->a[0]) && constant(e->a[1])))
            return NULL;
        x = e->a[right];
        const struct expr *c = e->a[!right];
        op = e->name[0];
        if (op == 'n')
            return pair(q, E_UNION, span(q, NULL, c, '(', ')'),
                        span(q, c, NULL, '(', ')'));
        if (!strchr("<>lg", op))
            return NULL;
        int below = op == '<' || op == 'l';
        if (below != right) {
            hi = c;
            rb = op == 'l' || op == 'g' ? ']' : ')';
        } else {
            lo = c;
            lb = op == 'l' || op == 'g' ? '[' : '(';
        }
    } else if (e->n == 3 && is_variable(e->a[1])) {
        int up = strchr("<l", e->name[0]) && strchr("<l", e->name[1]);
        int down = strchr(">g", e->name[0]) && strchr(">g", e->name[1]);
        if (!up && !down)
            return NULL;
        x = e->a[1];
        lo = e->a[down ? 2 : 0];
        hi = e->a[down ? 0 : 2];
        lb = strchr("lg", e->name[down]) ? '[' : '(';
        rb = strchr("lg", e->name[!down]) ? ']' : ')';
    } else {
        return NULL;
    }
    struct expr *s = span(q, lo, hi, lb, rb);
    if (x->kind != E_FN)
        return s;
    if (!lo || !hi) {
        struct expr *zero = expr_new(q->a, E_NUM, 0);
        zero->name = "-1"; /* below every absolute value */
        if (!lo)
            s->a[0] = zero;
        else /* |x| > c */
            return pair(q, E_UNION,
                        span(q, NULL, negated(q, lo), '(',
                             lb == '(' ? ')' : ']'), s);
    }
    return unfold_abs(q, s);
}

/* ---- normal form ------------------------------------------------------- */

static int add(struct set *s, const struct expr *lo, const struct expr *hi,
               int open_lo, int open_hi)
{
    struct piece *p = &s->v[s->n];

    if (s->n == MAX_PIECES - 1 || !value_double(lo, &p->dlo) ||
        !value_double(hi, &p->dhi) || !(p->dlo <= p->dhi))
        return -1;
    p->lo = lo;
    p->hi = hi;
    p->open_lo = open_lo || isinf(p->dlo);
    p->open_hi = open_hi || isinf(p->dhi);
    s->n++;
    return 0;
}

static int same_place(double x, double y)
{
    return x == y || (isfinite(x) && isfinite(y) &&
                      fabs(x - y) <= 1e-12 * (1 + fabs(x)));
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

/* What lies in both. */
static int intersect(const struct set *x, const struct set *y,
                     struct set *out)
{
    out->n = 0;
    for (int i = 0; i < x->n; i++)
        for (int j = 0; j < y->n; j++) {
            const struct piece *p = &x->v[i], *r = &y->v[j];
            struct piece m = *p;
            if (r->dlo > p->dlo || (same_place(r->dlo, p->dlo) &&
                                    r->open_lo)) {
                m.lo = r->lo;
                m.dlo = r->dlo;
                m.open_lo = r->open_lo;
            }
            if (r->dhi < p->dhi || (same_place(r->dhi, p->dhi) &&
                                    r->open_hi)) {
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
        struct piece m = { lo, p ? p->lo : infinity(q, 0), d,
                           p ? p->dlo : INFINITY, open, p ? !p->open_lo : 1 };
        if (m.dlo < m.dhi || (same_place(m.dlo, m.dhi) && !m.open_lo &&
                              !m.open_hi))
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
    return intersect(&t[0], &t[1], s);
}

static int gather(struct equal *q, const struct expr *e, struct set *s)
{
    struct expr *r;

    if (q->depth > 40)
        return -1;
    if (e->kind == E_SEQ && e->n == 2)
        return add(s, e->a[0], e->a[1], e->lb == '(', e->rb == ')');
    if (e->kind == E_SYM && !strcmp(e->name, "RR"))
        return add(s, infinity(q, 1), infinity(q, 0), 1, 1);
    if (e->kind == E_UNION || e->kind == E_SET || e->kind == E_LIST) {
        q->depth++;
        int bad = 0;
        for (int i = 0; i < e->n && !bad; i++) {
            const struct expr *x = e->a[i];
            if (e->kind == E_SET || (e->kind == E_LIST && constant(x)))
                bad = is_infinite(x) || add(s, x, x, 0, 0);
            else
                bad = gather(q, x, s);
        }
        q->depth--;
        return bad ? -1 : 0;
    }
    if (e->kind == E_INTER || e->kind == E_DIFF) {
        q->depth++;
        int bad = combine(q, e, s);
        q->depth--;
        return bad;
    }
    if ((r = sets_of_relation(q, e)))
        return gather(q, r, s);
    return -1;
}

int sets_equal(struct equal *q, const struct expr *x, const struct expr *y)
{
    struct set *s = arena_alloc(q->a, 2 * sizeof *s);

    if (gather(q, x, &s[0]) || gather(q, y, &s[1]))
        return -1;
    normalise(&s[0]);
    normalise(&s[1]);
    if (s[0].n != s[1].n)
        return 0;
    for (int i = 0; i < s[0].n; i++) {
        const struct piece *p = &s[0].v[i], *r = &s[1].v[i];
        if (p->open_lo != r->open_lo || p->open_hi != r->open_hi ||
            !equal_trees(q, p->lo, r->lo) || !equal_trees(q, p->hi, r->hi))
            return 0;
    }
    return 1;
}
