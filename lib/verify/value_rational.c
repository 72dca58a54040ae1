/* value_rational - trees that are rational numbers, exactly (value_ball.h)
 *
 * The size of every result is bounded before it is computed.
 */
#include <stdlib.h>
#include <string.h>
#include "value_ball.h"

enum { MAX_DIGITS = 20000, MAX_EXP10 = 20000, MAX_BITS = 200000 };

int ball_number(const struct expr *e, fmpq_t out)
{
    size_t n = strlen(e->name);
    fmpz_t ten;

    if (n > MAX_DIGITS || abs(e->exp10) > MAX_EXP10 ||
        fmpz_set_str(fmpq_numref(out), e->name, 10))
        return -1;
    fmpz_one(fmpq_denref(out));
    if (e->exp10) {
        fmpz_init(ten);
        fmpz_ui_pow_ui(ten, 10, (ulong)abs(e->exp10));
        if (e->exp10 > 0)
            fmpz_mul(fmpq_numref(out), fmpq_numref(out), ten);
        else
            fmpz_set(fmpq_denref(out), ten);
        fmpz_clear(ten);
        fmpq_canonicalise(out);
    }
    return 0;
}

int ball_numeral(const struct expr *e, fmpz_t out)
{
    if (e->exp10 < 2 || e->exp10 > 36 || strlen(e->name) > 2000)
        return -1;
    for (const char *p = e->name; *p; p++)
        if (*p - '0' >= e->exp10)
            return -1;
    return fmpz_set_str(out, e->name, e->exp10) ? -1 : 0;
}

static int small_int(const fmpq_t q, slong *v)
{
    if (!fmpz_is_one(fmpq_denref(q)) || !fmpz_fits_si(fmpq_numref(q)))
        return 0;
    *v = fmpz_get_si(fmpq_numref(q));
    return 1;
}

static int rational_pow(fmpq_t out, const fmpq_t y)
{
    slong k;

    if (!small_int(y, &k))
        return -1;
    if (fmpq_is_zero(out))
        return k > 0 ? 0 : -1;
    slong bits = (slong)fmpq_height_bits(out);
    if (fmpq_is_one(out))
        return 0;
    if (labs(k) > MAX_BITS || bits * labs(k) > MAX_BITS)
        return -1;
    fmpq_pow_si(out, out, k);
    return 0;
}

static int rational_fn(const struct expr *e, fmpq_t *v, fmpq_t out)
{
    slong n, k;

    if (!strcmp(e->name, "mod") && e->n == 2) {
        if (!fmpz_is_one(fmpq_denref(v[0])) ||
            !fmpz_is_one(fmpq_denref(v[1])) || fmpq_sgn(v[1]) <= 0)
            return -1;
        fmpz_mod(fmpq_numref(out), fmpq_numref(v[0]), fmpq_numref(v[1]));
        fmpz_one(fmpq_denref(out));
        return 0;
    }
    if (!strcmp(e->name, "abs") && e->n == 1) {
        fmpq_abs(out, v[0]);
        return 0;
    }
    if ((!strcmp(e->name, "floor") || !strcmp(e->name, "ceil")) && e->n == 1) {
        fmpz_t z;
        fmpz_init(z);
        if (e->name[0] == 'f')
            fmpz_fdiv_q(z, fmpq_numref(v[0]), fmpq_denref(v[0]));
        else
            fmpz_cdiv_q(z, fmpq_numref(v[0]), fmpq_denref(v[0]));
        fmpq_set_fmpz(out, z);
        fmpz_clear(z);
        return 0;
    }
    if ((!strcmp(e->name, "factorial") || !strcmp(e->name, "Gamma")) &&
        e->n == 1) {
        if (!small_int(v[0], &n) || (n -= e->name[0] == 'G') < 0 || n > 10000)
            return -1;
        fmpz_fac_ui(fmpq_numref(out), (ulong)n);
        fmpz_one(fmpq_denref(out));
        return 0;
    }
    if (!strcmp(e->name, "factorial2") && e->n == 1) {
        if (!small_int(v[0], &n) || n < 0 || n > 12000)
            return -1;
        fmpz_t z;
        fmpz_init_set_ui(z, 1);
        for (slong i = n; i > 1; i -= 2)
            fmpz_mul_ui(z, z, (ulong)i);
        fmpq_set_fmpz(out, z);
        fmpz_clear(z);
        return 0;
    }
    if (!strcmp(e->name, "binomial") && e->n == 2) {
        if (!small_int(v[0], &n) || !small_int(v[1], &k) || n < 0 || k < 0 ||
            n > 20000)
            return -1;
        if (k > n)
            fmpq_zero(out);
        else {
            fmpz_bin_uiui(fmpq_numref(out), (ulong)n, (ulong)k);
            fmpz_one(fmpq_denref(out));
        }
        return 0;
    }
    if ((!strcmp(e->name, "max") || !strcmp(e->name, "min")) && e->n > 1) {
        fmpq_set(out, v[0]);
        for (int i = 1; i < e->n; i++)
            if ((fmpq_cmp(v[i], out) > 0) == (e->name[1] == 'a'))
                fmpq_set(out, v[i]);
        return 0;
    }
    if ((!strcmp(e->name, "gcd") || !strcmp(e->name, "lcm")) && e->n > 1) {
        fmpz_abs(fmpq_numref(out), fmpq_numref(v[0]));
        fmpz_one(fmpq_denref(out));
        for (int i = 0; i < e->n; i++) {
            if (!fmpz_is_one(fmpq_denref(v[i])))
                return -1;
            if (e->name[0] == 'g')
                fmpz_gcd(fmpq_numref(out), fmpq_numref(out), fmpq_numref(v[i]));
            else
                fmpz_lcm(fmpq_numref(out), fmpq_numref(out), fmpq_numref(v[i]));
        }
        return 0;
    }
    return -1;
}

static int rational_call(const struct expr *e, fmpq_t out)
{
    fmpq_t *v = malloc((size_t)(e->n + 1) * sizeof *v);
    int r = v ? 0 : -1, n = 0;

    for (; !r && n < e->n; n++) {
        fmpq_init(v[n]);
        r = ball_rational(e->a[n], v[n]);
    }
    if (!r)
        r = rational_fn(e, v, out);
    while (v && n-- > 0)
        fmpq_clear(v[n]);
    free(v);
    return r;
}

int ball_rational(const struct expr *e, fmpq_t out)
{
    fmpq_t t;
    int r = 0;

    switch (e->kind) {
    case E_NUM:
        return ball_number(e, out);
    case E_BASE:
        fmpz_one(fmpq_denref(out));
        return ball_numeral(e, fmpq_numref(out));
    case E_FN:
        return rational_call(e, out);
    case E_PERCENT:
        if (ball_rational(e->a[0], out))
            return -1;
        fmpq_init(t);
        fmpq_set_si(t, 1, 100);
        fmpq_mul(out, out, t);
        fmpq_clear(t);
        return 0;
    case E_ADD:
    case E_MUL:
    case E_POW:
        break;
    default:
        return -1;
    }
    fmpq_init(t);
    fmpq_set_si(out, e->kind == E_MUL, 1);
    for (int i = 0; i < e->n && !r; i++) {
        r = ball_rational(e->a[i], t);
        if (r)
            break;
        if (e->kind == E_ADD)
            fmpq_add(out, out, t);
        else if (e->kind == E_MUL)
            fmpq_mul(out, out, t);
        else if (i == 0)
            fmpq_set(out, t);
        else
            r = rational_pow(out, t);
        if (!r && fmpq_height_bits(out) > MAX_BITS * 4)
            r = -1;
    }
    fmpq_clear(t);
    return r;
}
