/* registry - the backends, in the order in which "auto" takes them */
#include "registry.h"
#include <stdio.h>
#include <string.h>
#include "../lib/base/pool.h"
#include "ops.h"

static const struct backend *const backends[] = {&cuda_backend, &cpu_backend};
enum { N_BACKENDS = sizeof backends / sizeof *backends };

static const char *const order_name[] = {"canonical", "shuffled", "hardware"};

static int is_auto(const char *device)
{
    return !device || !*device || !strcmp(device, "auto");
}

static int has(const struct backend *b, enum k_order_kind order)
{
    struct err no = {0};

    return (b->can.orders >> order & 1) ||
           (b->order_here && !b->order_here(order, &no));
}

/* The backend of that name. */
static int find(const struct backend **b, const char *device, struct err *e)
{
    char names[128] = "auto";

    for (int i = N_BACKENDS; i-- > 0;) {
        size_t n = strlen(names);

        *b = backends[i];
        if (!strcmp(device, (*b)->name))
            return 0;
        snprintf(names + n, sizeof names - n, "%s%s",
                 i ? ", " : " or ", (*b)->name);
    }
    return err_set(e, ERR_USAGE, "device %s: expected %s", device, names);
}

static int check_order(const struct backend *b, enum k_order_kind order,
                       struct err *e)
{
    const char *other = "";
    struct err why = {0};

    if (has(b, order))
        return 0;
    for (int i = 0; i < N_BACKENDS; i++)
        if (has(backends[i], order))
            other = backends[i]->name;
    if (b->order_here && b->order_here(order, &why))
        return err_set(e, ERR_USAGE,
                       "device %s has no order=%s %s; --device %s has",
                       b->name, order_name[order], why.msg, other);
    return err_set(e, ERR_USAGE, "device %s has no order=%s; --device %s has",
                   b->name, order_name[order], other);
}

static int check_built(const struct backend *b, struct err *e)
{
    return b->absent ? err_set(e, ERR_USAGE, "device %s: %s", b->name,
                               b->absent)
                     : 0;
}

int registry_check(const struct kernels *k, struct err *e)
{
    const char *missing = NULL;

#define CHECK(op, ...)                                                        \
    if (!k->op)                                                              \
        missing = #op;
    K_OPS(CHECK)
#undef CHECK
    return missing ? err_set(e, ERR_USAGE, "device %s has no operation %s",
                             k->name, missing)
                   : 0;
}

static int sizes_of(const struct backend *b, struct k_sizes *s, int n_threads,
                    struct k_order order, struct err *e)
{
    *s = (struct k_sizes){.name = b->name, .n_threads = n_threads,
                          .order = order, .can = b->can};
    return b->sizes(s, e);
}

static int open_one(const struct backend *b, struct kernels **k, int n_threads,
                    struct k_order order, struct err *e)
{
    int r = check_order(b, order.kind, e);

    if (!r)
        r = check_built(b, e);
    if (!r)
        r = b->open(k, n_threads, order, e);
    if (r)
        return r;
    (*k)->name = b->name;
    (*k)->order = order;
    r = sizes_of(b, &(*k)->sizes, (*k)->n_threads, order, e);
    if (!r)
        r = registry_check(*k, e);
    if (r)
        kernels_close(k);
    return r;
}

int kernels_open(struct kernels **k, const char *device, int n_threads,
                 struct k_order order, struct err *e)
{
    const struct backend *b;
    char why[sizeof (*k)->why] = "";
    int r = -ERR_USAGE, asked = 0; /* the order leaves few */

    *k = NULL;
    if (!is_auto(device)) {
        r = find(&b, device, e);
        return r ? r : open_one(b, k, n_threads, order, e);
    }
    for (int i = 0; i < N_BACKENDS; i++) {
        struct err no = {0};

        b = backends[i];
        if (!has(b, order.kind)) {
            asked = 1;
            continue;
        }
        r = open_one(b, k, n_threads, order, &no);
        if (r == 0) {
            memcpy((*k)->why, why, sizeof why);
            return 0;
        }
        if (!b->absent && !why[0])
            snprintf(why, sizeof why, "%.190s", no.msg);
        if (e)
            *e = no;
    }
    return asked ? err_prefix(e, "order=%s", order_name[order.kind]) : r;
}

int kernels_sizes(struct k_sizes *s, const char *device, int n_threads,
                  struct k_order order, struct err *e)
{
    const struct backend *b = NULL;
    struct err no = {0};
    int r = 0;

    if (is_auto(device)) {
        for (int i = N_BACKENDS; i-- > 0;)
            if (has(backends[i], order.kind) &&
                (!b || (!backends[i]->absent && !backends[i]->probe(&no))))
                b = backends[i];
    } else {
        r = find(&b, device, e);
        if (!r)
            r = check_order(b, order.kind, e);
    }
    return r ? r : sizes_of(b, s, pool_count(n_threads), order, e);
}

const char *kernels_card(void)
{
    int i = 0;

    while (i < N_BACKENDS - 1 && !backends[i]->can.own_memory)
        i++;
    return backends[i]->name;
}

void kernels_close(struct kernels **k)
{
    if (*k)
        (*k)->close(*k);
    *k = NULL;
}

void kernels_describe(const struct kernels *k, char *buf, size_t n)
{
    int m = snprintf(buf, n, "%s %s", k->name, k->variant);

    if (m >= 0 && (size_t)m < n && k->n_threads)
        snprintf(buf + m, n - (size_t)m, ", %d thread%s", k->n_threads,
                 k->n_threads == 1 ? "" : "s");
}
