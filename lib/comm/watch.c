/* watch - connections to all ranks; the first fault decides */
#include "watch.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../base/arena.h"
#include "ranks.h"
#include "../base/clock.h"

enum {
    TURN_MS = 100,
    /* how long a fault that follows from another one waits for that one */
    SECOND_MS = 3000,
    /* and one of another rank for rank 0 to say the same as one process would */
    FIRST_MS = 200
};

struct connection {
    int fd; /* -1: closed */
    int rank;
    pid_t pid;
    int is_here, identified, done;
    const char *key;
    char host[sizeof((struct link_hello *)0)->host];
    int64_t heard_ms;
    size_t n_got;
    struct link_msg got;
};

struct watch {
    struct watch_start s;
    int n; /* ranks */
    int n_connections, cap;
    struct connection *connection;
    struct pollfd *set;
    int64_t now_ms;
    /* the fault so far, to be said at this time unless a better one comes */
    struct err fault;
    int faulty;
    int64_t say_ms;
};

struct watch *watch_open(int n, const struct watch_start *s)
{
    struct watch *w = xcalloc(1, sizeof *w);

    w->n = n;
    w->s = *s;
    w->set = xcalloc(3, sizeof *w->set);
    w->now_ms = clock_ms();
    return w;
}

void watch_close(struct watch **w)
{
    if (!*w)
        return;
    for (int i = 0; i < (*w)->n_connections; i++)
        if ((*w)->connection[i].fd >= 0)
            close((*w)->connection[i].fd);
    free((*w)->connection);
    free((*w)->set);
    free(*w);
    *w = NULL;
}

void watch_add(struct watch *w, int fd, int rank, pid_t pid, int is_here,
               const char *key)
{
    struct connection *l;

    if (w->n_connections == w->cap) {
        w->cap = w->cap ? 2 * w->cap : 16;
        w->connection = xrealloc(w->connection, (size_t)w->cap,
                                 sizeof *w->connection);
        w->set = xrealloc(w->set, (size_t)w->cap + 3, sizeof *w->set);
    }
    l = &w->connection[w->n_connections++];
    *l = (struct connection){.fd = fd,
                             .rank = rank,
                             .pid = pid,
                             .is_here = is_here,
                             .key = key,
                             .identified = !key,
                             .heard_ms = clock_ms()};
    snprintf(l->host, sizeof l->host, "%s", link_host());
}

/* ---- faults ---- */

/* Not because another rank has gone; a launcher ends all where one fails. */
static int has_own_cause(const struct err *e)
{
    return e->code != ERR_IO || e->no_memory || e->reader_left;
}

/* The first fault is reported, but one that is a cause goes before one that only
 * says that another rank has gone. Rank 0's message is that of a single process,
 * without rank and host, unless memory ran out. l: the rank that sent it; NULL:
 * the message names the rank already. */
static void fault(struct watch *w, const struct connection *l,
                  const struct err *e, int wait_ms)
{
    int64_t say_ms = w->now_ms + wait_ms;
    int better = has_own_cause(e) - has_own_cause(&w->fault);

    if (w->faulty && (better < 0 || (!better && say_ms >= w->say_ms)))
        return;
    w->faulty = 1;
    w->say_ms = say_ms;
    w->fault = *e;
    if (l && (l->rank > 0 || e->no_memory))
        err_prefix(&w->fault, "rank %d on %s", l->rank, l->host);
}

static void gone(struct watch *w, struct connection *l)
{
    struct err e = {0};
    char how[128] = "its process ended before it was done";

    close(l->fd);
    l->fd = -1;
    if (l->done || !l->identified)
        return;
    if (w->s.how && l->is_here)
        w->s.how(w->s.ctx, l->pid, how, sizeof how);
    if (l->rank < 0)
        err_set(&e, ERR_IO, "a rank on %s (process %d) has died: %s", l->host,
                (int)l->pid, how);
    else
        err_set(&e, ERR_IO, "rank %d on %s (process %d) has died: %s", l->rank,
                l->host, (int)l->pid, how);
    fault(w, NULL, &e, 0);
}

static void failed(struct watch *w, const struct connection *l,
                   const struct link_fail *f)
{
    struct err e = {.code = f->code,
                    .no_memory = f->no_memory,
                    .reader_left = f->reader_left};

    snprintf(e.msg, sizeof e.msg, "%.*s", (int)sizeof f->msg - 1, f->msg);
    fault(w, l, &e, f->lost >= 0 ? SECOND_MS : l->rank > 0 ? FIRST_MS : 1);
}

static void look_for_silence(struct watch *w)
{
    for (int i = 0; i < w->n_connections; i++) {
        struct connection *l = &w->connection[i];
        struct err e = {0};

        if (l->fd < 0 || l->done || !l->identified ||
            w->now_ms - l->heard_ms < RANKS_SILENT_S * 1000)
            continue;
        err_set(&e, ERR_IO,
                "rank %d on %s (process %d) has sent no sign of life for %d s",
                l->rank, l->host, (int)l->pid, RANKS_SILENT_S);
        fault(w, NULL, &e, 0);
    }
}

/* ---- messages ---- */

static int identify(struct connection *l)
{
    const struct link_hello *h = &l->got.u.hello;
    struct ucred c = {0};
    socklen_t n = sizeof c;

    if (l->key && strncmp(h->key, l->key, sizeof h->key))
        return -1;
    l->rank = h->rank;
    l->pid = h->pid;
    /* the number that it has here, which it is killed by */
    if (l->is_here && !getsockopt(l->fd, SOL_SOCKET, SO_PEERCRED, &c, &n))
        l->pid = c.pid;
    snprintf(l->host, sizeof l->host, "%.*s", (int)sizeof h->host - 1, h->host);
    l->identified = 1;
    return 0;
}

static void handle(struct watch *w, struct connection *l)
{
    l->heard_ms = w->now_ms;
    if (l->got.type == LINK_HELLO || l->got.type == LINK_RANK) {
        struct err e = {0};

        if (identify(l)) { /* not one of ours */
            close(l->fd);
            l->fd = -1;
        } else if (l->got.type == LINK_RANK && w->s.ranked &&
                   w->s.ranked(w->s.ctx, l->fd, &l->got.u.hello, l->is_here,
                               &e)) {
            fault(w, NULL, &e, 0);
        }
    } else if (l->got.type == LINK_FAIL) {
        l->done = 1;
        failed(w, l, &l->got.u.fail);
    } else if (l->got.type == LINK_DONE) {
        l->done = 1;
    }
}

static void receive(struct watch *w, struct connection *l)
{
    while (l->fd >= 0) {
        ssize_t n = recv(l->fd, (char *)&l->got + l->n_got,
                         sizeof l->got - l->n_got, MSG_DONTWAIT);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (n <= 0) {
            gone(w, l);
            return;
        }
        l->n_got += (size_t)n;
        if (l->n_got == sizeof l->got) {
            l->n_got = 0;
            handle(w, l);
        }
    }
}

/* ---- the loop ---- */

/* Ends the ranks that are left: those of this host are killed, since a stopped
 * process reads no message; the others get one. */
static void end_all(struct watch *w)
{
    for (int i = 0; i < w->n_connections; i++) {
        struct connection *l = &w->connection[i];

        if (l->fd < 0)
            continue;
        if (l->is_here && l->pid > 0)
            kill(l->pid, SIGKILL);
        else
            send(l->fd, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        close(l->fd);
        l->fd = -1;
    }
}

static int all_done(const struct watch *w)
{
    int n = 0;

    for (int i = 0; i < w->n_connections; i++)
        n += w->connection[i].done && w->connection[i].identified;
    return n == w->n;
}

static void turn(struct watch *w)
{
    int64_t before = w->now_ms;
    int n = 0, n_connections = w->n_connections;

    for (int i = 0; i < 3; i++)
        w->set[n++] = (struct pollfd){.fd = w->s.fd[i], .events = POLLIN};
    for (int i = 0; i < n_connections; i++)
        w->set[n++] = (struct pollfd){.fd = w->connection[i].fd,
                                      .events = POLLIN};
    poll(w->set, (nfds_t)n, TURN_MS);
    w->now_ms = clock_ms();
    /* time in which this process was stopped does not count as silence */
    if (w->now_ms - before > 2000)
        for (int i = 0; i < n_connections; i++)
            w->connection[i].heard_ms += w->now_ms - before;
    for (int i = 0; i < n_connections; i++)
        if (w->connection[i].fd >= 0)
            receive(w, &w->connection[i]);
}

int watch_run(struct watch *w, struct err *e)
{
    int r = 0;

    while (!r && !all_done(w)) {
        turn(w);
        look_for_silence(w);
        if (w->faulty && w->now_ms >= w->say_ms)
            break;
        if (w->s.turn)
            r = w->s.turn(w->s.ctx, w, e);
    }
    if (w->faulty) { /* the rest, as that the launcher ended, followed from it */
        *e = w->fault;
        r = e->code ? -e->code : -ERR_IO;
    }
    if (r)
        end_all(w);
    return r;
}
