/* nccl - see nccl.h
 *
 * Sends and receives alone, those of a call as one group: no reductions. NCCL
 * numbers its ranks as we do.
 */
#include "nccl.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "link.h"
#ifdef HAVE_NCCL
#include <nccl.h>

#define FUNCTIONS(X)                                                           \
    X(ncclGetVersion)                                                          \
    X(ncclGetUniqueId)                                                         \
    X(ncclCommInitRank)                                                        \
    X(ncclCommAbort)                                                           \
    X(ncclCommGetAsyncError)                                                   \
    X(ncclGetErrorString)                                                      \
    X(ncclGetLastError)                                                        \
    X(ncclSend)                                                                \
    X(ncclRecv)                                                                \
    X(ncclGroupStart)                                                          \
    X(ncclGroupEnd)

/* The first that has all of these. */
enum { LEAST = NCCL_VERSION(2, 13, 4) };
#define LIBRARY "libnccl.so.2"

struct nccl {
#define FIELD(f) __typeof__(&f) f;
    FUNCTIONS(FIELD)
#undef FIELD
    int version;
    ncclComm_t comm;
    struct comm_device v;
};

/* ---- the library ---- */

/* NULL: why says why. */
static void *look(char *why, size_t n)
{
    const char *file = getenv("ULP_NCCL"), *home = getenv("CUDA_HOME");
    char at_home[512] = "", *said;
    int named = file && *file;
    void *so;

    if (named && !strcmp(file, "none")) {
        snprintf(why, n, "ULP_NCCL=none");
        return NULL;
    }
    so = dlopen(named ? file : LIBRARY, RTLD_NOW | RTLD_LOCAL);
    said = so ? NULL : dlerror();
    if (!so && named) {
        snprintf(why, n, "ULP_NCCL=%.80s: %.100s", file,
                 said ? said : "cannot be loaded");
        return NULL;
    }
    if (!so && home && *home) {
        snprintf(at_home, sizeof at_home, "%s/lib64/" LIBRARY, home);
        so = dlopen(at_home, RTLD_NOW | RTLD_LOCAL);
    }
    if (!so)
        so = dlopen("/usr/local/cuda/lib64/" LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!so)
        snprintf(why, n,
                 "no " LIBRARY " on the loader's path%s nor in "
                 "/usr/local/cuda/lib64 (ULP_NCCL=FILE names one)",
                 *at_home ? ", in $CUDA_HOME/lib64" : "");
    return so;
}

static int parts(int version, int which)
{
    int big = version < 10000 ? 1000 : 10000; /* up to 2.8, and since */

    return which == 0   ? version / big
           : which == 1 ? version % big / 100
                        : version % 100;
}

#define DOTTED(v) parts(v, 0), parts(v, 1), parts(v, 2)

/* Why it is of no use; "" where it is. */
static void load(struct nccl *x, char *why, size_t n)
{
    void *so = look(why, n);

    if (!so)
        return;
    *(void **)&x->ncclGetVersion = dlsym(so, "ncclGetVersion");
    if (!x->ncclGetVersion || x->ncclGetVersion(&x->version) != ncclSuccess) {
        snprintf(why, n, LIBRARY " does not say its version");
        return;
    }
    if (x->version < LEAST) {
        snprintf(why, n, LIBRARY " is of version %d.%d.%d; %d.%d.%d is needed",
                 DOTTED(x->version), DOTTED(LEAST));
        return;
    }
#define LOAD(f)                                                                \
    *(void **)&x->f = dlsym(so, #f);                                           \
    if (!x->f) {                                                               \
        snprintf(why, n, LIBRARY " lacks " #f);                                \
        return;                                                                \
    }
    FUNCTIONS(LOAD)
#undef LOAD
}

/* ---- messages ---- */

static int said(struct nccl *x, ncclResult_t r, const char *what, char *why,
                size_t n)
{
    const char *last = x->ncclGetLastError(x->comm);

    snprintf(why, n, "NCCL: %s: %s%s%.200s", what, x->ncclGetErrorString(r),
             last && *last ? ": " : "", last ? last : "");
    return -1;
}

/* They are in the stream when it returns, not done. */
static int exchange(void *ctx, const struct comm_part *q, int n, int *lost,
                    char *why, size_t n_why)
{
    struct nccl *x = ctx;
    cudaStream_t s = x->v.stream;
    ncclResult_t was = ncclSuccess, end,
                 r = x->ncclCommGetAsyncError(x->comm, &was);

    *lost = -1;
    if (r != ncclSuccess || was != ncclSuccess)
        return said(x, r ? r : was, "messages before", why, n_why);
    r = x->ncclGroupStart();
    for (int i = 0; i < n && r == ncclSuccess; i++)
        r = q[i].sending
                ? x->ncclSend(q[i].p, q[i].n, ncclInt8, q[i].peer, x->comm, s)
                : x->ncclRecv(q[i].p, q[i].n, ncclInt8, q[i].peer, x->comm, s);
    end = x->ncclGroupEnd();
    if (r == ncclSuccess)
        r = end;
    return r == ncclSuccess ? 0 : said(x, r, "send and receive", why, n_why);
}

static void copy(void *ctx, void *to, const void *from, size_t n)
{
    const struct nccl *x = ctx;

    x->v.copy(x->v.ctx, to, from, n);
}

/* Waits for no other rank, as ncclCommDestroy may. The library stays open, since
 * its own threads may be in it. */
static void close_nccl(void *ctx)
{
    struct nccl *x = ctx;

    x->ncclCommAbort(x->comm);
    free(x);
}

/* ---- what all ranks agree on ---- */

struct offer {
    int version;
    char device[64], host[200];
    char why[200]; /* this rank has none; "" where it has */
};

/* Why the ranks have none together; "" where they have. The same on all. */
static void agree(const struct offer *all, int n, struct comm_device_why *why)
{
    char *text = why->text;
    size_t room = sizeof why->text;

    *text = 0;
    for (int i = 0; i < n && !*text; i++) {
        if (*all[i].why)
            snprintf(text, room, "%s", all[i].why);
        else if (all[i].version != all[0].version)
            snprintf(text, room,
                     "rank 0 has NCCL %d.%d.%d and rank %d has %d.%d.%d",
                     DOTTED(all[0].version), i, DOTTED(all[i].version));
        for (int j = 0; j < i && !*text; j++)
            if (!strcmp(all[i].device, all[j].device) &&
                !strcmp(all[i].host, all[j].host))
                snprintf(text, room,
                         "ranks %d and %d share a device, which NCCL does not "
                         "serve",
                         j, i);
    }
}

static int offer_all(struct nccl *x, struct comm *c, const char *id,
                     struct comm_device_why *why, struct err *e)
{
    size_t size = (size_t)comm_size(c);
    struct offer mine = {0}, *all = xcalloc(size, sizeof *all);
    int r;

    load(x, mine.why, sizeof mine.why);
    mine.version = x->version;
    snprintf(mine.device, sizeof mine.device, "%s", id);
    link_host_id(mine.host, sizeof mine.host);
    r = comm_gather(c, 0, &mine, sizeof mine, all, e);
    if (!r)
        r = comm_bcast(c, 0, all, size * sizeof *all, e);
    if (!r)
        agree(all, comm_size(c), why);
    free(all);
    return r;
}

static int begin(struct nccl *x, struct comm *c, struct err *e)
{
    struct {
        ncclUniqueId id;
        ncclResult_t result;
    } at = {.result = ncclSuccess};
    char why[400];
    ncclResult_t r;

    if (!comm_rank(c))
        at.result = x->ncclGetUniqueId(&at.id);
    if (comm_bcast(c, 0, &at, sizeof at, e))
        return -e->code;
    r = at.result;
    if (r == ncclSuccess)
        r = x->ncclCommInitRank(&x->comm, comm_size(c), at.id, comm_rank(c));
    if (r == ncclSuccess)
        return 0;
    (void)said(x, r, "start", why, sizeof why);
    return err_set(e, ERR_IO, "%s (ULP_NCCL=none is without it)", why);
}

int nccl_open(struct comm_engine *out, struct comm *c,
              const struct comm_device *v, struct comm_device_why *why,
              struct err *e)
{
    struct nccl *x = xcalloc(1, sizeof *x);
    int r;

    x->v = *v;
    r = offer_all(x, c, v->id, why, e);
    if (!r && !*why->text)
        r = begin(x, c, e);
    if (r || *why->text) {
        free(x);
        return r;
    }
    *out = (struct comm_engine){.rank = comm_rank(c),
                                .size = comm_size(c),
                                .ctx = x,
                                .exchange = exchange,
                                .close = close_nccl,
                                .copy = copy};
    return 0;
}
#else

int nccl_open(struct comm_engine *out, struct comm *c,
              const struct comm_device *v, struct comm_device_why *why,
              struct err *e)
{
    (void)out;
    (void)c;
    (void)v;
    (void)e;
    snprintf(why->text, sizeof why->text,
             "this build has no NCCL (nccl.h was not found when it was made)");
    return 0;
}
#endif
