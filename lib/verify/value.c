/* value - see value.h */
#include "value.h"
#include <stdlib.h>
#include <string.h>
#include "value_ball.h"
#include "value_exact.h"

enum { POINTS = 6, MAX_SYMBOLS = 32 };

static int collect(const struct expr *e, const char **names, int n, int max)
{
    if (e->kind == E_SYM || e->kind == E_TEXT || e->kind == E_UNIT) {
        for (int i = 0; i < n; i++)
            if (!strcmp(names[i], e->name))
                return n;
        if (n == max)
            return -1;
        names[n++] = e->name;
    }
    for (int i = 0; i < e->n && n >= 0; i++)
        n = collect(e->a[i], names, n, max);
    return n;
}

static int by_name(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

int value_symbols(const struct expr *x, const char **names, int max)
{
    int n = collect(x, names, 0, max);

    if (n > 1)
        qsort(names, (size_t)n, sizeof *names, by_name);
    return n;
}

static int has_decimals(const struct expr *e)
{
    if (e->kind == E_NUM && e->places > 0)
        return 1;
    for (int i = 0; i < e->n; i++)
        if (has_decimals(e->a[i]))
            return 1;
    return 0;
}

/* A number with perhaps a sign, a unit, a percent or degree mark. */
static int stands_alone(const struct expr *e)
{
    if (e->kind == E_NUM)
        return 1;
    if (expr_negated(e))
        return stands_alone(expr_negated(e));
    return (e->kind == E_UNIT || e->kind == E_DEG || e->kind == E_PERCENT) &&
           stands_alone(e->a[0]);
}

static int within(const acb_t p, const acb_t q, int places, slong prec)
{
    acb_t d;
    arb_t t;
    int r;

    acb_init(d);
    arb_init(t);
    acb_sub(d, p, q, prec);
    acb_abs(t, d, prec);
    arb_mul_ui(t, t, 2, prec);
    arb_t lim;
    arb_init(lim);
    arb_set_ui(lim, 10);
    arb_pow_ui(lim, lim, (ulong)places, prec);
    arb_mul(t, t, lim, prec);
    arb_set_d(lim, 1.0 + 1e-9);
    r = arb_le(t, lim);
    arb_clear(lim);
    arb_clear(t);
    acb_clear(d);
    return r;
}

static int not_real(const acb_t x)
{
    return !arb_contains_zero(acb_imagref(x));
}

struct sides {
    const struct expr *x, *y;
    struct ball_ctx cx, cy;
    int precision, complex; /* complex: i stands in one of them */
};

/* At one point: 1 agree, 0 differ, -1 nothing to see, 2 differ where one
 * of them is not real. */
static int at_point(struct sides *s, int point, slong prec)
{
    acb_t p, q;
    int r = -1;

    acb_init(p);
    acb_init(q);
    s->cx.point = s->cy.point = point;
    for (;;) {
        s->cx.prec = s->cy.prec = prec;
        if (ball_eval(&s->cx, s->x, p) || ball_eval(&s->cy, s->y, q))
            break;
        if (!acb_overlaps(p, q)) {
            if (s->precision > 0 && within(p, q, s->precision, prec))
                r = 1;
            else
                r = !s->complex && (not_real(p) || not_real(q)) ? 2 : 0;
            break;
        }
        slong bits = acb_rel_accuracy_bits(p), more = acb_rel_accuracy_bits(q);
        bits = bits < more ? bits : more;
        /* a sum that is nearly nothing has no relative accuracy */
        if (s->cx.rounded || s->cy.rounded || bits > 60 ||
            acb_contains_zero(p)) {
            r = 1;
            break;
        }
        if (prec > 4000)
            break;
        prec *= 4;
    }
    acb_clear(p);
    acb_clear(q);
    return r;
}

/* Agreement at random points: 1, 0, or -1 when nothing can be said. */
static int at_points(struct sides *s)
{
    int agree = 0, complex = 0;

    for (int k = 0; k < POINTS; k++) {
        int r = at_point(s, k, k ? 128 : 300);
        if (r == 0)
            return 0;
        agree += r == 1;
        complex += r == 2;
    }
    if (agree >= 2)
        return 1;
    return complex ? 0 : -1;
}

static enum value_verdict constants(struct sides *s, const struct value_opts *o)
{
    int r = at_point(s, 0, 128);

    if (r == 0 || r == 2)
        return VALUE_DIFFERENT;
    if (r < 0)
        return VALUE_UNKNOWN;
    if (s->cx.rounded || s->cy.rounded || o->precision > 0)
        return VALUE_ROUNDED;
    r = at_point(s, 0, 1000);
    if (r != 1)
        return r < 0 ? VALUE_UNKNOWN : VALUE_DIFFERENT;
    if (o->provisional)
        o->provisional(o->ctx);
    r = exact_constants(s->x, s->y);
    return r == 1 ? VALUE_EXACT : r == 0 ? VALUE_DIFFERENT : VALUE_NUMERIC;
}

static enum value_verdict functions(struct sides *s, const char **names, int n)
{
    int r = at_point(s, 0, 128);

    if (r == 0)
        return VALUE_DIFFERENT;
    if (!s->cx.rounded && !s->cy.rounded && !s->precision) {
        r = exact_rational_functions(s->x, s->y, names, n);
        if (r >= 0)
            return r ? VALUE_NORMAL : VALUE_DIFFERENT;
    }
    r = at_points(s);
    if (r <= 0)
        return r < 0 ? VALUE_UNKNOWN : VALUE_DIFFERENT;
    return s->cx.rounded || s->cy.rounded || s->precision ? VALUE_ROUNDED
                                                          : VALUE_NUMERIC;
}

/* Has it a decimal expansion that ends? Then none may be off. */
static int expansion_ends(const struct expr *x)
{
    fmpq_t q;
    int r = 0;

    fmpq_init(q);
    if (!ball_rational(x, q)) {
        fmpz_t p;
        fmpz_init(p);
        for (ulong d = 2; d <= 5; d += 3) {
            fmpz_set_ui(p, d);
            (void)fmpz_remove(fmpq_denref(q), fmpq_denref(q), p);
        }
        r = fmpz_is_one(fmpq_denref(q));
        fmpz_clear(p);
    }
    fmpq_clear(q);
    return r;
}

static int rational_equal(const struct expr *x, const struct expr *y)
{
    fmpq_t p, q;
    int r = -1;

    fmpq_init(p);
    fmpq_init(q);
    if (!ball_rational(x, p) && !ball_rational(y, q))
        r = fmpq_equal(p, q);
    fmpq_clear(p);
    fmpq_clear(q);
    return r;
}

static enum value_verdict compare(struct arena *a, const struct expr *x,
                                  const struct expr *y,
                                  const struct value_opts *o, int log10,
                                  int *bare_log)
{
    const char *names[MAX_SYMBOLS];
    struct sides s = {.x = x, .y = y};
    int n = collect(x, names, 0, MAX_SYMBOLS);

    if (n >= 0)
        n = collect(y, names, n, MAX_SYMBOLS);
    if (n < 0)
        return VALUE_UNKNOWN;
    int dx = has_decimals(x), dy = has_decimals(y);
    s.cx.a = s.cy.a = a;
    s.cx.log10 = s.cy.log10 = log10;
    s.cx.rounding = stands_alone(x) ? ROUND_ALONE : ROUND_PART;
    s.cy.rounding = dy && !dx && !expansion_ends(x) ? ROUND_LONG : ROUND_NONE;
    s.precision = dx || dy ? o->precision : 0;
    s.complex = expr_has(x, E_CONST, "i") || expr_has(y, E_CONST, "i");
    struct value_opts p = *o;
    p.precision = s.precision;
    enum value_verdict v = n ? functions(&s, names, n) : constants(&s, &p);
    *bare_log = s.cx.bare_log || s.cy.bare_log;
    return v;
}

enum value_verdict value_equal(struct arena *a, const struct expr *x,
                               const struct expr *y, const struct value_opts *o)
{
    int r = rational_equal(x, y), bare = 0;

    if (r == 1)
        return VALUE_RATIONAL;
    if (r == 0 && !has_decimals(x) && !has_decimals(y))
        return VALUE_DIFFERENT;
    enum value_verdict v = compare(a, x, y, o, 0, &bare);
    if (v <= VALUE_DIFFERENT && bare)
        v = compare(a, x, y, o, 1, &bare);
    return v;
}

/* ---- helpers of the structures ----------------------------------------- */

int value_ratio(struct arena *a, const struct expr *x, const struct expr *y)
{
    struct ball_ctx c = {.a = a, .prec = 256};
    acb_t p, q, first;
    int n = 0, r = 0;

    acb_init(p);
    acb_init(q);
    acb_init(first);
    for (int k = 0; k < POINTS; k++) {
        c.point = k;
        if (ball_eval(&c, x, p) || ball_eval(&c, y, q))
            continue;
        if (acb_contains_zero(p) || acb_contains_zero(q)) {
            n = -POINTS;
            break;
        }
        acb_div(p, p, q, c.prec);
        if (n++ == 0)
            acb_set(first, p);
        else if (!acb_overlaps(first, p)) {
            n = -POINTS;
            break;
        }
    }
    if (n >= 3) {
        if (!arb_contains_zero(acb_imagref(first)))
            r = 2;
        else
            r = arb_is_positive(acb_realref(first))   ? 1
                : arb_is_negative(acb_realref(first)) ? -1
                                                      : 0;
    }
    acb_clear(p);
    acb_clear(q);
    acb_clear(first);
    return r;
}

int value_infinite(const struct expr *x)
{
    if (x->kind == E_MUL && x->n == 2 && x->a[0]->kind == E_NUM)
        return x->a[0]->name[0] == '-' ? -value_infinite(x->a[1])
                                       : value_infinite(x->a[1]);
    return x->kind == E_CONST && !strcmp(x->name, "inf");
}

int value_double(const struct expr *x, double *d)
{
    const char *names[1];
    struct ball_ctx c = {.prec = 128};
    acb_t p;
    int r = 0;

    if (value_infinite(x)) {
        *d = value_infinite(x) > 0 ? 1.0 / 0.0 : -1.0 / 0.0;
        return 1;
    }
    if (collect(x, names, 0, 1) != 0)
        return 0;
    c.a = arena_open();
    acb_init(p);
    if (!ball_eval(&c, x, p) && !not_real(p)) {
        *d = arf_get_d(arb_midref(acb_realref(p)), ARF_RND_NEAR);
        r = 1;
    }
    acb_clear(p);
    arena_close(&c.a);
    return r;
}
