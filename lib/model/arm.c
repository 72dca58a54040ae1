/* arm - reading and writing NAME,factor=value,...; the tables are in
 * arm_table.c */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/rng.h"
#include "arm_impl.h"

const char *dtype_name(enum dtype t)
{
    return t == DT_F32 ? "fp32" : t == DT_BF16 ? "bf16" : "fp16";
}

/* ---- reading ---------------------------------------------------------- */

/* A piece of the text. */
struct field {
    const char *s;
    size_t n;
};

static int is(struct field f, const char *s)
{
    return f.n == strlen(s) && !memcmp(f.s, s, f.n);
}

/* What precedes the first `c` of *rest, which then begins behind it. */
static struct field cut(struct field *rest, char c)
{
    const char *p = rest->n ? memchr(rest->s, c, rest->n) : NULL;
    struct field f = {rest->s, p ? (size_t)(p - rest->s) : rest->n};
    size_t skip = f.n + (p != NULL);

    rest->s += skip;
    rest->n -= skip;
    return f;
}

/* "canonical|shuffled[:N]" as "canonical, shuffled[:N]". */
static int refuse(const struct factor *f, struct field v, struct err *e)
{
    struct field rest = {f->values, strlen(f->values)};
    char list[128];
    size_t n = 0;

    while (rest.n) {
        struct field w = cut(&rest, '|');

        n += (size_t)snprintf(list + n, sizeof list - n, "%s%.*s",
                              !n       ? ""
                              : rest.n ? ", "
                                       : " or ",
                              (int)w.n, w.s);
    }
    return err_set(e, ERR_USAGE, "arm: %s=%.*s: expected %s", f->name, (int)v.n,
                   v.s, list);
}

static int set_word(int *out, const struct factor *f, struct field v,
                    struct err *e)
{
    struct field rest = {f->values, strlen(f->values)};

    for (int i = 0; rest.n; i++) {
        struct field w = cut(&rest, '|');

        if (w.n == v.n && !memcmp(w.s, v.s, v.n)) {
            *out = i;
            return 0;
        }
    }
    return refuse(f, v, e);
}

static int set_order(struct arm_order *o, const struct factor *f,
                     struct field v, struct err *e)
{
    struct field rest = v, word = cut(&rest, ':');
    char number[32], *end;

    *o = (struct arm_order){{ORDER_CANONICAL, 0}, 0};
    if (is(v, "canonical"))
        return 0;
    o->k.kind = is(word, "hardware") ? ORDER_HARDWARE : ORDER_SHUFFLED;
    if (is(v, "shuffled") || is(v, "hardware"))
        return 0;
    o->draw = 1;
    if ((is(word, "shuffled") || is(word, "hardware")) && rest.n > 0 &&
        rest.n < sizeof number && rest.s[0] >= '0' && rest.s[0] <= '9') {
        memcpy(number, rest.s, rest.n);
        number[rest.n] = 0;
        errno = 0;
        o->k.seed = strtoull(number, &end, 10);
        if (!*end && !errno)
            return 0;
    }
    return refuse(f, v, e);
}

static int set_dropout(struct arm *a, const struct factor *f, struct field v,
                       struct err *e)
{
    char buf[64], *end;

    a->dropout = 0;
    a->dropout_model = is(v, "model");
    if (a->dropout_model)
        return 0;
    if (v.n > 0 && v.n < sizeof buf && strspn(v.s, "0123456789.eE-+") >= v.n) {
        memcpy(buf, v.s, v.n);
        buf[v.n] = 0;
        a->dropout = strtod(buf, &end);
        if (!*end && a->dropout >= 0 && a->dropout < 1)
            return 0;
    }
    return err_set(e, ERR_USAGE,
                   "arm: %s=%.*s: expected a number in [0, 1), "
                   "or model",
                   f->name, (int)v.n, v.s);
}

static int set_shards(struct arm *a, const struct factor *f, struct field v,
                      struct err *e)
{
    a->shards = 0;
    for (size_t i = 0; i < v.n && a->shards <= ARM_SHARDS; i++) {
        if (v.s[i] < '0' || v.s[i] > '9')
            a->shards = ARM_SHARDS;
        a->shards = 10 * a->shards + (v.s[i] - '0');
    }
    if (a->shards >= 1 && a->shards <= ARM_SHARDS)
        return 0;
    return err_set(e, ERR_USAGE, "arm: %s=%.*s: expected a number from 1 to %d",
                   f->name, (int)v.n, v.s, ARM_SHARDS);
}

static int set_rollout(struct arm *a, const struct factor *f, struct field v,
                       struct err *e);

static int set_factor(struct arm *a, struct field key, struct field v,
                      struct err *e)
{
    char known[256];
    size_t n = 0;

    for (int i = 0; i < arm_n_factors; i++) {
        const struct factor *f = &arm_factors[i];
        void *at = (char *)a + f->at;

        n += (size_t)snprintf(known + n, sizeof known - n, "%s%s",
                              i ? ", " : "", f->name);
        if (!is(key, f->name))
            continue;
        switch (f->kind) {
        case FACTOR_WORD:
            return set_word(at, f, v, e);
        case FACTOR_ORDER:
            return set_order(at, f, v, e);
        case FACTOR_DROPOUT:
            return set_dropout(a, f, v, e);
        case FACTOR_SHARDS:
            return set_shards(a, f, v, e);
        case FACTOR_ROLLOUT:
            return set_rollout(a, f, v, e);
        }
    }
    return err_set(e, ERR_USAGE, "arm: unknown factor '%.*s'; factors are %s%s",
                   (int)key.n, key.s, known,
                   is(key, "lr") || is(key, "tis")
                       ? " (lr and tis are options of dapo-step)"
                       : "");
}

/* factor=value, with `sep` between them. */
static int set_factors(struct arm *a, struct field rest, char sep,
                       struct err *e)
{
    int r = 0, more = rest.n > 0;

    while (r == 0 && more) {
        struct field v, all, key;

        more = memchr(rest.s, sep, rest.n) != NULL;
        all = v = cut(&rest, sep);
        key = cut(&v, '=');
        if (key.n == all.n)
            return err_set(e, ERR_USAGE, "arm: '%.*s': expected factor=value",
                           (int)all.n, all.s);
        r = set_factor(a, key, v, e);
    }
    return r;
}

/* NAME, and then factors. */
static int set_all(struct arm *a, struct field text, char sep, struct err *e)
{
    struct field rest = text, name = cut(&rest, sep);
    char known[256];
    size_t n = 0;
    int r = 1;

    *a = (struct arm){.name = "", .shards = 1};
    for (int i = 0; i < arm_n_rows && r; i++) {
        const char *f = arm_rows[i].factors;

        n += (size_t)snprintf(known + n, sizeof known - n, "%s%s",
                              i ? ", " : "", arm_rows[i].name);
        if (!is(name, arm_rows[i].name))
            continue;
        snprintf(a->name, sizeof a->name, "%s", arm_rows[i].name);
        r = set_factors(a, (struct field){f, strlen(f)}, ',', e);
        if (r)
            return r;
    }
    if (r)
        return err_set(e, ERR_USAGE, "arm: unknown arm '%.*s'; arms are %s",
                       (int)name.n, name.s, known);
    if (name.n < text.n && !rest.n)
        return err_set(e, ERR_USAGE, "arm: '%.*s': expected factor=value",
                       (int)text.n, text.s);
    return set_factors(a, rest, sep, e);
}

static int set_rollout(struct arm *a, const struct factor *f, struct field v,
                       struct err *e)
{
    struct arm_rollout *o = &a->rollout;
    struct field rest = v, part = cut(&rest, '+');
    struct arm s;
    int r;

    *o = (struct arm_rollout){.name = ""};
    if (is(v, "same"))
        return 0;
    while (rest.n) {
        part = cut(&rest, '+');
        part = cut(&part, '=');
        if (!is(part, "compute") && !is(part, "head") && !is(part, "order"))
            return err_set(e, ERR_USAGE,
                           "arm: %s=%.*s: a sampler has the "
                           "factors compute, head and order",
                           f->name, (int)v.n, v.s);
    }
    r = set_all(&s, v, '+', e);
    if (r)
        return r;
    memcpy(o->name, s.name, sizeof o->name);
    o->compute = s.compute;
    o->head_fp32 = s.head_fp32;
    o->order = s.order;
    return 0;
}

static int check(struct arm *a, struct err *e)
{
    a->loss_scaling = a->compute == DT_F16;
    /* each sample has its own mask, or its own part of a rounded sum */
    a->apart |= a->dropout > 0 || a->grads != DT_F32;
    if (a->master != DT_F32)
        return 0;
    if (a->kahan)
        return err_set(e, ERR_USAGE,
                       "arm: kahan=1 compensates a half-type "
                       "master, and master is fp32");
    if (a->stochastic)
        return err_set(e, ERR_USAGE,
                       "arm: rounding=stochastic rounds to a "
                       "half-type master, and master is fp32");
    return 0;
}

int arm_parse(struct arm *a, const char *text, struct err *e)
{
    int r = set_all(a, (struct field){text, strlen(text)}, ',', e);

    return r < 0 ? r : check(a, e);
}

void arm_resolve(struct arm *a, double attention_dropout)
{
    if (!a->dropout_model)
        return;
    a->dropout = attention_dropout;
    a->apart |= a->dropout > 0;
}

/* ---- writing ---------------------------------------------------------- */

/* The shortest decimal that reads back as p. */
static void format_number(double p, char *buf, size_t n)
{
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(buf, n, "%.*g", digits, p);
        if (strtod(buf, NULL) == p)
            return;
    }
}

static void format_word(int i, const struct factor *f, char *buf, size_t n)
{
    struct field rest = {f->values, strlen(f->values)};
    struct field w = cut(&rest, '|');

    while (i-- > 0)
        w = cut(&rest, '|');
    snprintf(buf, n, "%.*s", (int)w.n, w.s);
}

static void format_order(const struct arm_order *o, char *buf, size_t n)
{
    static const char *const kind[] = {"canonical", "shuffled", "hardware"};

    if (o->draw)
        snprintf(buf, n, "%s:%llu", kind[o->k.kind],
                 (unsigned long long)o->k.seed);
    else
        snprintf(buf, n, "%s", kind[o->k.kind]);
}

static void format_rollout(const struct arm_rollout *o, char *buf, size_t n)
{
    char order[64];

    format_order(&o->order, order, sizeof order);
    if (*o->name)
        snprintf(buf, n, "%s+compute=%s+head=%s+order=%s", o->name,
                 dtype_name(o->compute), o->head_fp32 ? "fp32" : "compute",
                 order);
    else
        snprintf(buf, n, "same");
}

static void format_factor(const struct arm *a, const struct factor *f,
                          char *buf, size_t n)
{
    const void *at = (const char *)a + f->at;

    switch (f->kind) {
    case FACTOR_WORD:
        format_word(*(const int *)at, f, buf, n);
        break;
    case FACTOR_ORDER:
        format_order(at, buf, n);
        break;
    case FACTOR_DROPOUT:
        if (a->dropout_model)
            snprintf(buf, n, "model");
        else
            format_number(a->dropout, buf, n);
        break;
    case FACTOR_SHARDS:
        snprintf(buf, n, "%d", *(const int *)at);
        break;
    case FACTOR_ROLLOUT:
        format_rollout(at, buf, n);
        break;
    }
}

void arm_format(const struct arm *a, char *buf, size_t n)
{
    size_t at = (size_t)snprintf(buf, n, "%s", a->name);

    for (int i = 0; i < arm_n_factors && at < n; i++) {
        char v[160];

        format_factor(a, &arm_factors[i], v, sizeof v);
        at += (size_t)snprintf(buf + at, n - at, ",%s=%s", arm_factors[i].name,
                               v);
    }
}

/* ---- seeds, and the sampler's arm ------------------------------------- */

static void order_seed(struct arm_order *o, uint64_t seed)
{
    if (!o->draw)
        o->k.seed = o->k.kind == ORDER_SHUFFLED ? seed : 0;
}

void arm_seed(struct arm *a, uint64_t seed)
{
    order_seed(&a->order, seed);
    order_seed(&a->rollout.order, seed);
}

uint64_t arm_noise_seed(const struct arm *a, uint64_t seed)
{
    return a->order.draw ? rng_mix(rng_mix(seed) + a->order.k.seed) : seed;
}

int arm_micro_batch_matters(const struct arm *a)
{
    return a->order.k.kind != ORDER_CANONICAL || a->grads != DT_F32;
}

struct arm arm_sampler(const struct arm *a)
{
    struct arm s = *a;

    if (*a->rollout.name) {
        s.compute = a->rollout.compute;
        s.head_fp32 = a->rollout.head_fp32;
        s.order = a->rollout.order;
    }
    return s;
}

int arm_same_sampler(const struct arm *a)
{
    const struct arm_rollout *o = &a->rollout;

    return !*o->name ||
           (o->compute == a->compute && o->head_fp32 == a->head_fp32 &&
            o->order.k.kind == a->order.k.kind &&
            o->order.k.seed == a->order.k.seed);
}
