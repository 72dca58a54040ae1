/* value_exact - see value_exact.h */
#include "value_exact.h"
#include <calcium/ca.h>
#include <calcium/ca_vec.h>
#include <calcium/fmpz_mpoly_q.h>
#include <string.h>
#include "value_ball.h"

/* ---- rational functions of the variables, over the rationals ----------- */

struct rf {
    fmpz_mpoly_ctx_t ctx;
    const char *const *names;
    int n;
};

enum { MAX_TERMS = 2000 };

static int rf_power(struct rf *f, fmpz_mpoly_q_t x, const struct expr *e)
{
    fmpq_t q;
    slong k = 0;
    int r;

    fmpq_init(q);
    r = ball_rational(e, q);
    if (!r && (!fmpz_is_one(fmpq_denref(q)) || fmpz_bits(fmpq_numref(q)) > 6))
        r = -1;
    if (!r)
        k = fmpz_get_si(fmpq_numref(q));
    fmpq_clear(q);
    if (r || (k < 0 && fmpz_mpoly_q_is_zero(x, f->ctx)))
        return -1;
    ulong m = (ulong)(k < 0 ? -k : k);
    if (fmpz_mpoly_length(fmpz_mpoly_q_numref(x), f->ctx) > 1 && m > 24)
        return -1;
    if (k < 0)
        fmpz_mpoly_q_inv(x, x, f->ctx);
    fmpz_mpoly_pow_ui(fmpz_mpoly_q_numref(x), fmpz_mpoly_q_numref(x), m,
                      f->ctx);
    fmpz_mpoly_pow_ui(fmpz_mpoly_q_denref(x), fmpz_mpoly_q_denref(x), m,
                      f->ctx);
    return 0;
}

static int rf_eval(struct rf *f, const struct expr *e, fmpz_mpoly_q_t out)
{
    fmpz_mpoly_q_t t;
    fmpq_t q;
    int r = 0;

    if (e->kind == E_SYM) {
        for (int i = 0; i < f->n; i++)
            if (!strcmp(f->names[i], e->name)) {
                fmpz_mpoly_q_gen(out, i, f->ctx);
                return 0;
            }
        return -1;
    }
    if (e->kind != E_ADD && e->kind != E_MUL && e->kind != E_POW) {
        fmpq_init(q);
        r = ball_rational(e, q);
        if (!r)
            fmpz_mpoly_q_set_fmpq(out, q, f->ctx);
        fmpq_clear(q);
        return r;
    }
    if (e->kind == E_POW)
        return rf_eval(f, e->a[0], out) ? -1 : rf_power(f, out, e->a[1]);
    fmpz_mpoly_q_init(t, f->ctx);
    fmpz_mpoly_q_set_si(out, e->kind == E_MUL, f->ctx);
    for (int i = 0; i < e->n && !r; i++) {
        r = rf_eval(f, e->a[i], t);
        if (!r && e->kind == E_ADD)
            fmpz_mpoly_q_add(out, out, t, f->ctx);
        else if (!r)
            fmpz_mpoly_q_mul(out, out, t, f->ctx);
        if (fmpz_mpoly_length(fmpz_mpoly_q_numref(out), f->ctx) > MAX_TERMS)
            r = -1;
    }
    fmpz_mpoly_q_clear(t, f->ctx);
    return r;
}

int exact_rational_functions(const struct expr *x, const struct expr *y,
                             const char *const *names, int n)
{
    struct rf f = {.names = names, .n = n};
    fmpz_mpoly_q_t p, q;
    int r = -1;

    if (n < 1 || n > 12)
        return -1;
    fmpz_mpoly_ctx_init(f.ctx, n, ORD_LEX);
    fmpz_mpoly_q_init(p, f.ctx);
    fmpz_mpoly_q_init(q, f.ctx);
    if (!rf_eval(&f, x, p) && !rf_eval(&f, y, q))
        r = fmpz_mpoly_q_equal(p, q, f.ctx);
    fmpz_mpoly_q_clear(p, f.ctx);
    fmpz_mpoly_q_clear(q, f.ctx);
    fmpz_mpoly_ctx_clear(f.ctx);
    return r;
}

/* ---- constants --------------------------------------------------------- */

typedef void unary(ca_t, const ca_t, ca_ctx_t);

static int ca_fn(const struct expr *e, ca_ptr v, ca_t out, ca_ctx_t ctx)
{
    static const struct {
        const char *name;
        unary *f;
    } fns[] = {
        {"ln", ca_log},      {"exp", ca_exp},     {"sqrt", ca_sqrt},
        {"tan", ca_tan},     {"arctan", ca_atan}, {"arcsin", ca_asin},
        {"arccos", ca_acos}, {"asin", ca_asin},   {"acos", ca_acos},
        {"atan", ca_atan},   {"abs", ca_abs},     {"floor", ca_floor},
        {"ceil", ca_ceil},
    };
    ca_t s, c;

    for (size_t i = 0; e->n == 1 && i < sizeof fns / sizeof fns[0]; i++)
        if (!strcmp(fns[i].name, e->name)) {
            fns[i].f(out, v, ctx);
            return 0;
        }
    if (!strcmp(e->name, "log") && e->n == 2) {
        ca_log(out, v, ctx);
        ca_log(v + 1, v + 1, ctx);
        ca_div(out, out, v + 1, ctx);
        return 0;
    }
    if (e->n != 1 || e->name[0] == 'l' ||
        !strstr("sin cos sec csc cot", e->name) || strlen(e->name) != 3)
        return -1;
    ca_init(s, ctx);
    ca_init(c, ctx);
    ca_sin_cos(s, c, v, ctx);
    switch (e->name[0] == 's' ? e->name[1] : e->name[2]) {
    case 'i':
        ca_set(out, s, ctx);
        break;
    case 'e':
        ca_inv(out, c, ctx);
        break;
    case 's':
        ca_set(out, c, ctx);
        break;
    case 'c':
        ca_inv(out, s, ctx);
        break;
    default:
        ca_div(out, c, s, ctx);
    }
    ca_clear(s, ctx);
    ca_clear(c, ctx);
    return 0;
}

static int ca_eval(const struct expr *e, ca_t out, ca_ctx_t ctx);

static int ca_call(const struct expr *e, ca_t out, ca_ctx_t ctx)
{
    int r = e->n > 0 && e->n <= 2 ? 0 : -1, n = 0;
    ca_ptr v = _ca_vec_init(2, ctx);

    for (; !r && n < e->n; n++)
        r = ca_eval(e->a[n], v + n, ctx);
    if (!r)
        r = ca_fn(e, v, out, ctx);
    _ca_vec_clear(v, 2, ctx);
    return r;
}

static int ca_eval(const struct expr *e, ca_t out, ca_ctx_t ctx)
{
    ca_t t;
    fmpq_t q;
    int r;

    fmpq_init(q);
    r = ball_rational(e, q);
    if (!r)
        ca_set_fmpq(out, q, ctx);
    fmpq_clear(q);
    if (!r)
        return 0;
    switch (e->kind) {
    case E_CONST:
        if (!strcmp(e->name, "pi"))
            ca_pi(out, ctx);
        else if (!strcmp(e->name, "i"))
            ca_i(out, ctx);
        else if (!strcmp(e->name, "e")) {
            ca_one(out, ctx);
            ca_exp(out, out, ctx);
        } else
            return -1;
        return 0;
    case E_FN:
        return ca_call(e, out, ctx);
    case E_DEG:
        if (ca_eval(e->a[0], out, ctx))
            return -1;
        ca_init(t, ctx);
        ca_pi(t, ctx);
        ca_div_ui(t, t, 180, ctx);
        ca_mul(out, out, t, ctx);
        ca_clear(t, ctx);
        return 0;
    case E_ADD:
    case E_MUL:
    case E_POW:
        break;
    default:
        return -1;
    }
    ca_init(t, ctx);
    if (e->kind == E_MUL)
        ca_one(out, ctx);
    else
        ca_zero(out, ctx);
    for (int i = r = 0; i < e->n && !r; i++) {
        if ((r = ca_eval(e->a[i], t, ctx)))
            break;
        if (e->kind == E_ADD)
            ca_add(out, out, t, ctx);
        else if (e->kind == E_MUL)
            ca_mul(out, out, t, ctx);
        else if (i == 0)
            ca_set(out, t, ctx);
        else
            ca_pow(out, out, t, ctx);
    }
    ca_clear(t, ctx);
    return r;
}

int exact_constants(const struct expr *x, const struct expr *y)
{
    ca_ctx_t ctx;
    ca_t p, q;
    int r = -1;

    ca_ctx_init(ctx);
    ca_init(p, ctx);
    ca_init(q, ctx);
    if (!ca_eval(x, p, ctx) && !ca_eval(y, q, ctx)) {
        truth_t t = ca_check_equal(p, q, ctx);
        r = t == T_TRUE ? 1 : t == T_FALSE ? 0 : -1;
    }
    ca_clear(p, ctx);
    ca_clear(q, ctx);
    ca_ctx_clear(ctx);
    return r;
}
