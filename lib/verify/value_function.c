/* value_function - powers, roots and functions of complex balls
 * (value_ball.h)
 *
 * Odd roots of negative reals are real, everything else is principal.
 */
#include <acb_hypgeom.h>
#include <string.h>
#include "value_ball.h"

__attribute__((noinline)) static int too_big(const acb_t x, slong bits)
{
    arf_t m;
    int r;

    if (!acb_is_finite(x))
        return 1;
    arf_init(m);
    acb_get_abs_ubound_arf(m, x, 30);
    r = arf_cmpabs_2exp_si(m, bits) > 0;
    arf_clear(m);
    return r;
}

/* May the ball meet a branch cut? Kind 1 has it on the negative reals, 2 is
 * analytic within the unit disc, of 3 nothing is known. */
static int on_cut(const acb_t x, int kind)
{
    arf_t m;
    int r = 1;

    if (kind == 1)
        return arb_contains_zero(acb_imagref(x)) &&
               !arb_is_positive(acb_realref(x));
    if (kind == 3)
        return 1;
    arf_init(m);
    acb_get_abs_ubound_arf(m, x, 30);
    r = arf_cmpabs_2exp_si(m, 0) >= 0;
    arf_clear(m);
    return r;
}

int ball_pow(struct ball_ctx *c, acb_t x, const acb_t y)
{
    slong prec = c->prec;

    if (too_big(y, 48) || too_big(x, 1L << 40))
        return -1;
    if (acb_is_int(y) && !too_big(y, 20)) {
        fmpz_t n;
        fmpz_init(n);
        arf_get_fmpz(n, arb_midref(acb_realref(y)), ARF_RND_NEAR);
        acb_pow_fmpz(x, x, n, prec);
        fmpz_clear(n);
    } else {
        if (c->analytic && on_cut(x, 1))
            return -1;
        acb_pow(x, x, y, prec);
    }
    return acb_is_finite(x) ? 0 : -1;
}

/* The real odd root of a negative number, the principal one elsewhere. */
static int ball_root(struct ball_ctx *c, acb_t x, const acb_t k)
{
    fmpz_t n;
    int r = 0, odd, negative;

    if (!acb_is_int(k)) {
        acb_t inv;
        acb_init(inv);
        acb_inv(inv, k, c->prec);
        r = ball_pow(c, x, inv);
        acb_clear(inv);
        return r;
    }
    if (too_big(k, 20))
        return -1;
    fmpz_init(n);
    arf_get_fmpz(n, arb_midref(acb_realref(k)), ARF_RND_NEAR);
    odd = fmpz_is_odd(n);
    negative = acb_is_real(x) && arb_is_negative(acb_realref(x));
    if (fmpz_sgn(n) <= 0)
        r = -1;
    else if (odd && negative) {
        acb_neg(x, x);
        acb_root_ui(x, x, fmpz_get_ui(n), c->prec);
        acb_neg(x, x);
    } else
        acb_root_ui(x, x, fmpz_get_ui(n), c->prec);
    fmpz_clear(n);
    return r;
}

typedef void unary(acb_t, const acb_t, slong);

static const struct {
    const char *name;
    unary *f;
    int inverse; /* 1: of the reciprocal's inverse function */
    int cut;     /* 1: like the logarithm's; 2: others */
} unaries[] = {
    {"sin", acb_sin, 0, 0},      {"cos", acb_cos, 0, 0},
    {"tan", acb_tan, 0, 0},      {"cot", acb_cot, 0, 0},
    {"sec", acb_sec, 0, 0},      {"csc", acb_csc, 0, 0},
    {"arcsin", acb_asin, 0, 2},  {"asin", acb_asin, 0, 2},
    {"arccos", acb_acos, 0, 2},  {"acos", acb_acos, 0, 2},
    {"arctan", acb_atan, 0, 2},  {"atan", acb_atan, 0, 2},
    {"arcsec", acb_acos, 1, 3},  {"arccsc", acb_asin, 1, 3},
    {"sinh", acb_sinh, 0, 0},    {"cosh", acb_cosh, 0, 0},
    {"tanh", acb_tanh, 0, 0},    {"arsinh", acb_asinh, 0, 3},
    {"arcosh", acb_acosh, 0, 3}, {"artanh", acb_atanh, 0, 2},
    {"ln", acb_log, 0, 1},       {"exp", acb_exp, 0, 0},
    {"sqrt", acb_sqrt, 0, 1},
};

/* ---- functions that need more than one call ---------------------------- */

typedef int special(struct ball_ctx *c, acb_ptr v, acb_t out);

static int log_e_or_10(struct ball_ctx *c, acb_ptr v, acb_t out)
{
    c->bare_log = 1;
    acb_log(out, v, c->prec);
    if (c->log10) {
        acb_set_ui(v + 1, 10);
        acb_log(v + 1, v + 1, c->prec);
        acb_div(out, out, v + 1, c->prec);
    }
    return 0;
}

static int log_base(struct ball_ctx *c, acb_ptr v, acb_t out)
{
    acb_log(out, v, c->prec);
    acb_log(v + 1, v + 1, c->prec);
    acb_div(out, out, v + 1, c->prec);
    return 0;
}

static int log_10(struct ball_ctx *c, acb_ptr v, acb_t out)
{
    acb_set_ui(v + 1, 10);
    return log_base(c, v, out);
}

static int root(struct ball_ctx *c, acb_ptr v, acb_t out)
{
    acb_set(out, v);
    return ball_root(c, out, v + 1);
}

static int arccot(struct ball_ctx *c, acb_ptr v, acb_t out)
{
    acb_inv(v, v, c->prec);
    acb_atan(out, v, c->prec);
    return 0;
}

static int modulus(struct ball_ctx *c, acb_ptr v, acb_t out)
{
    acb_abs(acb_realref(out), v, c->prec);
    arb_zero(acb_imagref(out));
    return 0;
}

static int floor_or_ceil(acb_ptr v, acb_t out, slong prec, int up)
{
    if (!acb_is_real(v) || too_big(v, 200))
        return -1;
    (up ? arb_ceil : arb_floor)(acb_realref(out), acb_realref(v), prec);
    arb_zero(acb_imagref(out));
    return 0;
}

static int floor_of(struct ball_ctx *c, acb_ptr v, acb_t out)
{
    return floor_or_ceil(v, out, c->prec, 0);
}

static int ceil_of(struct ball_ctx *c, acb_ptr v, acb_t out)
{
    return floor_or_ceil(v, out, c->prec, 1);
}

static int zeta(struct ball_ctx *c, acb_ptr v, acb_t out)
{
    if (too_big(v, 20))
        return -1;
    acb_zeta(out, v, c->prec);
    return 0;
}

static int gamma_of(struct ball_ctx *c, acb_ptr v, acb_t out)
{
    if (too_big(v, 30))
        return -1;
    acb_gamma(out, v, c->prec);
    return 0;
}

static int factorial(struct ball_ctx *c, acb_ptr v, acb_t out)
{
    acb_add_ui(v, v, 1, c->prec);
    return gamma_of(c, v, out);
}

static int binomial(struct ball_ctx *c, acb_ptr v, acb_t out)
{
    if (too_big(v, 20) || too_big(v + 1, 20))
        return -1;
    acb_add_ui(v, v, 1, c->prec);
    acb_add_ui(v + 1, v + 1, 1, c->prec);
    acb_sub(out, v, v + 1, c->prec);
    acb_add_ui(out, out, 1, c->prec);
    acb_rgamma(out, out, c->prec);
    acb_rgamma(v + 1, v + 1, c->prec);
    acb_gamma(v, v, c->prec);
    acb_mul(out, out, v, c->prec);
    acb_mul(out, out, v + 1, c->prec);
    return 0;
}

static int sign(struct ball_ctx *c, acb_ptr v, acb_t out)
{
    acb_sgn(out, v, c->prec);
    return 0;
}

static const struct {
    const char *name;
    int n, cut; /* arguments; 1: analytic but for the negative reals */
    special *f;
} specials[] = {{"log", 1, 1, log_e_or_10},   {"log", 2, 1, log_base},
                {"lg", 1, 1, log_10},         {"lg", 2, 1, log_base},
                {"root", 2, 1, root},         {"arccot", 1, 0, arccot},
                {"abs", 1, 0, modulus},       {"floor", 1, 0, floor_of},
                {"ceil", 1, 0, ceil_of},      {"zeta", 1, 0, zeta},
                {"Gamma", 1, 0, gamma_of},    {"factorial", 1, 0, factorial},
                {"binomial", 2, 0, binomial}, {"sgn", 1, 0, sign},
                {"sign", 1, 0, sign}};

int ball_function(struct ball_ctx *c, const struct expr *e, acb_ptr v,
                  acb_t out)
{
    for (size_t i = 0; e->n == 1 && i < sizeof unaries / sizeof unaries[0];
         i++) {
        if (strcmp(e->name, unaries[i].name))
            continue;
        if (too_big(v, 40))
            return -1;
        if (unaries[i].inverse)
            acb_inv(v, v, c->prec);
        if (c->analytic && unaries[i].cut && on_cut(v, unaries[i].cut))
            return -1;
        unaries[i].f(out, v, c->prec);
        return acb_is_finite(out) ? 0 : -1;
    }
    for (size_t i = 0; i < sizeof specials / sizeof specials[0]; i++) {
        if (strcmp(e->name, specials[i].name) || e->n != specials[i].n)
            continue;
        if (c->analytic && (!specials[i].cut || on_cut(v, 1)))
            return -1;
        return specials[i].f(c, v, out) || !acb_is_finite(out) ? -1 : 0;
    }
    return 1;
}
