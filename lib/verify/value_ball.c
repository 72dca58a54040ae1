/* value_ball - see value_ball.h */
#include "value_ball.h"
#include <acb_calc.h>
#include <stdlib.h>
#include <string.h>
#include "../base/philox.h"
#include "../base/hash.h"

/* ---- balls ------------------------------------------------------------- */

static int significant(const char *s)
{
    while (*s == '0' || *s == '-')
        s++;
    return (int)strlen(s);
}

/* Is this literal a rounding, so that its last digit has a half unit of
 * doubt? A decimal whose denominator is a power of two (12.5, 0.375, 3.00)
 * is taken for exact. */
static int is_rounding(const struct ball_ctx *c, const struct expr *e)
{
    static const int need[] = {0, 3, 5, 10};
    fmpz_t d, five;
    int exact;

    if (c->rounding == ROUND_NONE || e->places == 0 ||
        significant(e->name) < need[c->rounding] ||
        (c->rounding == ROUND_LONG && e->places < 6))
        return 0;
    if (e->exp10 >= 0)
        return 1;
    if (e->exp10 < -2000 || strlen(e->name) > 2000)
        return 0;
    fmpz_init(d);
    fmpz_init(five);
    fmpz_set_str(d, e->name, 10);
    fmpz_ui_pow_ui(five, 5, (ulong)-e->exp10);
    exact = fmpz_divisible(d, five);
    fmpz_clear(d);
    fmpz_clear(five);
    return !exact;
}

static int ball_literal(struct ball_ctx *c, const struct expr *e, acb_t out)
{
    fmpq_t q;
    int r;

    fmpq_init(q);
    r = ball_number(e, q);
    if (!r) {
        acb_set_fmpq(out, q, c->prec);
        if (is_rounding(c, e)) {
            arb_t u;
            arb_init(u);
            arb_set_ui(u, 10);
            arb_pow_ui(u, u, (ulong)abs(e->exp10), c->prec);
            if (e->exp10 < 0)
                arb_inv(u, u, c->prec);
            if (c->rounding != ROUND_LONG)
                arb_mul_2exp_si(u, u, -1);
            arb_add_error(acb_realref(out), u);
            arb_clear(u);
            c->rounded = 1;
        }
    }
    fmpq_clear(q);
    return r;
}

/* A random rational with a denominator of 2^50, from the name and the point
 * alone. Even points are positive. */
static void random_value(struct ball_ctx *c, const char *name, acb_t out)
{
    uint64_t h = hash_bytes(name, strlen(name));
    uint32_t ctr[4] = {(uint32_t)c->point, 7, 7, 7}, r[4];
    uint32_t key[2] = {(uint32_t)h, (uint32_t)(h >> 32)};

    philox4x32(ctr, key, r);
    slong v = (slong)(((uint64_t)r[0] << 20 | r[1] >> 12) % (3ull << 50)) +
              (1L << 48); /* 0.25 .. 3.25 */
    if (c->point % 2 && r[2] & 1)
        v = -v;
    acb_set_si(out, v);
    acb_mul_2exp_si(out, out, -50);
}

/* ---- definite integrals ------------------------------------------------ */

struct integrand {
    struct ball_ctx *c;
    const struct expr *f;
};

static int integrand_at(acb_ptr out, const acb_t z, void *param, slong order,
                        slong prec)
{
    struct integrand *g = param;
    struct ball_ctx c = *g->c;

    c.at = z;
    c.prec = prec;
    c.analytic = order != 0;
    if (ball_eval(&c, g->f, out))
        acb_indeterminate(out);
    g->c->rounded |= c.rounded;
    return 0;
}

/* By rigorous quadrature to 70 bits; not within another integral. */
static int integrate(struct ball_ctx *c, const struct expr *e, acb_t out)
{
    struct integrand g = {c, e->a[2]};
    acb_calc_integrate_opt_t opt;
    acb_t lo, hi;
    mag_t tol;
    int r = -1;

    acb_init(lo);
    acb_init(hi);
    mag_init(tol);
    mag_set_ui_2exp_si(tol, 1, -70);
    acb_calc_integrate_opt_init(opt);
    opt->eval_limit = 1500;
    if (!c->at && !ball_eval(c, e->a[0], lo) && !ball_eval(c, e->a[1], hi) &&
        acb_is_real(lo) && acb_is_real(hi)) {
        acb_calc_integrate(out, integrand_at, &g, lo, hi, 70, tol, opt, 100);
        r = acb_is_finite(out) && acb_rel_accuracy_bits(out) > 60 ? 0 : -1;
    }
    mag_clear(tol);
    acb_clear(lo);
    acb_clear(hi);
    return r;
}

/* ---- geometric series -------------------------------------------------- */

/* The term at k = lo + i. */
static int term(const struct ball_ctx *c, const struct expr *e, const acb_t lo,
                int i, acb_t out)
{
    struct ball_ctx d = *c;
    acb_t k;

    acb_init(k);
    acb_add_ui(k, lo, (ulong)i, c->prec);
    d.at = k;
    int r = ball_eval(&d, e->a[2], out);
    acb_clear(k);
    return r;
}

/* A sum to infinity in which four terms stand in one ratio: 0, -1 where it
 * does not converge, 1 when it is another sum. */
static int geometric(struct ball_ctx *c, const struct expr *e, acb_t out)
{
    const struct expr *from = e->a[0];
    acb_t lo, ratio, next;
    arb_t size;
    int r = 1;

    if (c->at || from->kind != E_REL || from->n != 2 || e->n != 3 ||
        strcmp(from->a[0]->name, "(k)") || e->a[1]->kind != E_CONST ||
        strcmp(e->a[1]->name, "inf"))
        return 1;
    acb_ptr t = _acb_vec_init(4);
    acb_init(lo);
    acb_init(ratio);
    acb_init(next);
    arb_init(size);
    if (!ball_eval(c, from->a[1], lo) && !term(c, e, lo, 0, t) &&
        !term(c, e, lo, 1, t + 1) && !term(c, e, lo, 2, t + 2) &&
        !term(c, e, lo, 3, t + 3)) {
        acb_div(ratio, t + 1, t, c->prec);
        acb_div(next, t + 2, t + 1, c->prec);
        int same = acb_overlaps(ratio, next);
        acb_div(next, t + 3, t + 2, c->prec);
        acb_abs(size, ratio, c->prec);
        if (same && acb_is_finite(ratio) && acb_overlaps(ratio, next)) {
            arb_sub_ui(size, size, 1, c->prec);
            r = arb_is_negative(size) ? 0 : -1;
        }
        acb_sub_ui(ratio, ratio, 1, c->prec);
        acb_div(out, t, ratio, c->prec);
        acb_neg(out, out);
    }
    _acb_vec_clear(t, 4);
    acb_clear(lo);
    acb_clear(ratio);
    acb_clear(next);
    arb_clear(size);
    return r;
}

static int ball_call(struct ball_ctx *c, const struct expr *e, acb_t out)
{
    int series = strcmp(e->name, "sum") ? 1 : geometric(c, e, out);

    if (series < 1)
        return series;
    if (!strcmp(e->name, "int") && e->n == 3 && e->a[0]->kind != E_TEXT &&
        e->a[1]->kind != E_TEXT && e->a[2]->kind != E_SEQ &&
        !integrate(c, e, out))
        return 0;
    acb_ptr v = _acb_vec_init(e->n + 2);
    int r = e->n > 0 ? 0 : 1;

    for (int i = 0; i < e->n && !r; i++)
        if (ball_eval(c, e->a[i], v + i))
            r = 1; /* perhaps as a name */
    if (!r)
        r = ball_function(c, e, v, out);
    _acb_vec_clear(v, e->n + 2);
    if (r != 1)
        return r;
    /* an unknown function, a sum, an integral: the same where its text is
     * the same */
    random_value(c, expr_show(c->a, e, 1), out);
    return 0;
}

static int ball_const(struct ball_ctx *c, const struct expr *e, acb_t out)
{
    if (!strcmp(e->name, "pi"))
        acb_const_pi(out, c->prec);
    else if (!strcmp(e->name, "e")) {
        acb_zero(out);
        arb_const_e(acb_realref(out), c->prec);
    } else if (!strcmp(e->name, "i"))
        acb_onei(out);
    else
        return -1;
    return 0;
}

int ball_eval(struct ball_ctx *c, const struct expr *e, acb_t out)
{
    acb_t t;
    int r = 0;

    switch (e->kind) {
    case E_NUM:
        return ball_literal(c, e, out);
    case E_BASE: {
        fmpz_t z;
        fmpz_init(z);
        r = ball_numeral(e, z);
        acb_set_fmpz(out, z);
        fmpz_clear(z);
        return r;
    }
    case E_CONST:
        return ball_const(c, e, out);
    case E_SYM:
    case E_TEXT:
        if (c->at && (!strcmp(e->name, "(x)") || !strcmp(e->name, "(k)")))
            acb_set(out, c->at);
        else
            random_value(c, e->name, out);
        return 0;
    case E_FN:
        return ball_call(c, e, out);
    case E_UNIT: /* within a formula: a factor of its own */
        acb_init(t);
        r = ball_eval(c, e->a[0], out);
        random_value(c, e->name, t);
        acb_mul(out, out, t, c->prec);
        acb_clear(t);
        return r;
    case E_PERCENT:
        r = ball_eval(c, e->a[0], out);
        acb_div_ui(out, out, 100, c->prec);
        return r;
    case E_DEG:
        acb_init(t);
        r = ball_eval(c, e->a[0], out);
        acb_const_pi(t, c->prec);
        acb_div_ui(t, t, 180, c->prec);
        acb_mul(out, out, t, c->prec);
        acb_clear(t);
        return r;
    case E_ADD:
    case E_MUL:
    case E_POW:
        break;
    default:
        return -1;
    }
    acb_init(t);
    acb_set_si(out, e->kind == E_MUL);
    for (int i = 0; i < e->n && !r; i++) {
        r = ball_eval(c, e->a[i], t);
        if (r)
            break;
        if (e->kind == E_ADD)
            acb_add(out, out, t, c->prec);
        else if (e->kind == E_MUL)
            acb_mul(out, out, t, c->prec);
        else if (i == 0)
            acb_set(out, t);
        else
            r = ball_pow(c, out, t);
    }
    acb_clear(t);
    return r ? r : acb_is_finite(out) ? 0 : -1;
}
