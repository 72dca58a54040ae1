/* ranks - from the process that was started to the ranks */
#include "ranks.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../base/arena.h"
#include "comm_impl.h"
#include "link.h"
#include "start.h"

static struct comm *group; /* this rank's, where it has others */

/* How many of the group's ranks are on this host, and which of them (from 0, in
 * the order of ranks) this one is. */
static int on_host(struct comm *c, int *n, int *mine, struct err *e)
{
    enum { EACH = 256 };
    size_t size = (size_t)comm_size(c);
    char *all = xcalloc(size, EACH), *own = all + EACH * (size_t)comm_rank(c);
    char host[EACH] = "";
    int r;

    link_host_id(host, sizeof host);
    memcpy(own, host, EACH);
    r = comm_gather(c, 0, own, EACH, all, e);
    if (!r)
        r = comm_bcast(c, 0, all, size * EACH, e);
    *n = *mine = 0;
    for (size_t i = 0; i < size; i++)
        if (!memcmp(all + i * EACH, host, EACH)) {
            *n += 1;
            *mine += (int)i < comm_rank(c);
        }
    free(all);
    return r;
}

static void set_default(const char *name, int v)
{
    char text[16];

    snprintf(text, sizeof text, "%d", v);
    setenv(name, text, 0);
}

/* The device of a list ("0,1,2") that rank k of this host takes. */
static void take_device(int k)
{
    const char *all = getenv("CUDA_VISIBLE_DEVICES"), *at = all;
    char one[64];
    int n = 1;

    if (!all || !*all)
        return;
    for (const char *p = all; *p; p++)
        n += *p == ',';
    for (k %= n; k; k--)
        at = strchr(at, ',') + 1;
    snprintf(one, sizeof one, "%.*s", (int)strcspn(at, ","), at);
    setenv("CUDA_VISIBLE_DEVICES", one, 1);
}

/* Ranks of one host share its processors and its devices: each has a part of
 * the threads that one process would have, and a device of its own where there
 * are so many. Both are told by the environment, before either is looked at. */
static int share_host(struct comm *c, struct err *e)
{
    int n, mine, r = on_host(c, &n, &mine, e), devices = 0;
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    DIR *d;

    if (r)
        return r;
    set_default("ULP_THREADS", cpus / n > 1 ? (int)(cpus / n) : 1);
    d = opendir("/proc/driver/nvidia/gpus");
    for (struct dirent *x; d && (x = readdir(d));)
        devices += x->d_name[0] != '.';
    if (d)
        closedir(d);
    if (devices)
        set_default("CUDA_VISIBLE_DEVICES", mine % devices);
    take_device(mine);
    return 0;
}

/* Of a thread that nobody waits for. */
static void fatal(const struct err *e)
{
    (void)ranks_tell(e);
    _exit(ERR_IO);
}

int ranks_start(const struct ranks_opts *o, struct comm **c, struct err *e)
{
    const char *word;
    int r;

    *c = NULL;
    if (o->launcher && !o->n)
        return err_set(e, ERR_USAGE, "--launcher needs --ranks");
    if (o->n < 2) {
        *c = comm_alone();
        return 0;
    }
    word = start_word();
    if (word)
        r = start_as_rank(word, o->n, c, e);
    else if (!o->launcher || !strcmp(o->launcher, "local"))
        r = start_local(o->n, c, e);
    else
        r = start_command(o->n, o->launcher, c, e);
    /* a rank that is connected tells what failed, without others, too */
    group = *c;
    if (r)
        return r;
    group->fatal = fatal;
    return share_host(*c, e);
}

int ranks_finish(struct comm **c, struct err *e)
{
    int r = comm_barrier(*c, e);

    if (r)
        return r;
    comm_close(c);
    if (group)
        link_done();
    group = NULL;
    return 0;
}

int ranks_tell(const struct err *e)
{
    struct link_msg m = {.u.fail = {.code = e->code,
                                    .no_memory = e->no_memory,
                                    .reader_left = e->reader_left,
                                    .lost = comm_lost(group)}};

    if (!link_is_open())
        return 0;
    comm_leave(group);
    snprintf(m.u.fail.msg, sizeof m.u.fail.msg, "%s", e->msg);
    link_send(LINK_FAIL, &m);
    return 1;
}

void ranks_out_of_memory(size_t n)
{
    struct err e = {0};

    if (n)
        err_memory(&e, "out of memory: %zu bytes asked for", n);
    else
        err_memory(&e, "out of memory");
    (void)ranks_tell(&e);
    _exit(ERR_IO);
}
