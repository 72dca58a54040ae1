/* local - ranks on one host, over Unix sockets
 *
 * A message is its length and then its bytes. The length is compared with what
 * the receiver expects, so that ranks which disagree end with a message.
 */
#include "local.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../base/arena.h"

struct local_mesh {
    int size;
    int *fd;     /* [size][size]: of rank i, to rank j; -1 on the diagonal */
    int *memory; /* [size][COMM_WINDOWS]: files of rank i's shared memory, or -1
                  */
};

struct local {
    int rank, size;
    int turn;           /* the rank that probe looks at first */
    int *fd;            /* [size] */
    int *memory;        /* [size][COMM_WINDOWS] */
    int left;           /* can be read once this rank has left */
    struct state *at;   /* [2 size] */
    struct pollfd *set; /* [2 size + 1] */
};

/* How far a message is; the first 8 bytes are its length. */
struct state {
    uint64_t length;
    size_t done;
};

/* ---- making ---- */

/* An anonymous file in memory, or -1. It is made before the ranks are forked, so
 * that each of them has those of all. */
static int memory_file(void)
{
#ifdef MFD_CLOEXEC
    return memfd_create("ranks", MFD_CLOEXEC);
#else
    return -1;
#endif
}

int local_open(struct local_mesh **m, int size, struct err *e)
{
    size_t n = (size_t)size;

    *m = xcalloc(1, sizeof **m);
    (*m)->size = size;
    (*m)->fd = xcalloc(n * n, sizeof *(*m)->fd);
    for (size_t i = 0; i < n * n; i++)
        (*m)->fd[i] = -1;
    (*m)->memory = xcalloc(n * COMM_WINDOWS, sizeof *(*m)->memory);
    for (size_t i = 0; i < n * COMM_WINDOWS; i++)
        (*m)->memory[i] = memory_file();
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) {
            int pair[2], r;

            if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
                r = err_errno(e, ERR_IO, "sockets between %d ranks", size);
                local_close(m);
                return r;
            }
            (*m)->fd[i * n + j] = pair[0];
            (*m)->fd[j * n + i] = pair[1];
        }
    return 0;
}

static void close_row(const int *fd, int n)
{
    for (int i = 0; i < n; i++)
        if (fd[i] >= 0)
            close(fd[i]);
}

void local_close(struct local_mesh **m)
{
    if (!*m)
        return;
    close_row((*m)->fd, (*m)->size * (*m)->size);
    close_row((*m)->memory, (*m)->size * COMM_WINDOWS);
    free((*m)->fd);
    free((*m)->memory);
    free(*m);
    *m = NULL;
}

/* ---- messages ---- */

static int gone(int peer, int *lost, const char *what, char *why, size_t n)
{
    *lost = peer;
    snprintf(why, n, "%s", what);
    return -1;
}

/* Moves bytes of a message while the socket takes or has some: 1 when there
 * was progress, 0 when not, -1 on error. */
static int move(int fd, const struct comm_part *q, struct state *s, int *lost,
                char *why, size_t n_why)
{
    int moved = 0;

    while (s->done < sizeof s->length + q->n) {
        size_t head = sizeof s->length;
        int in_head = s->done < head;
        char *p = in_head ? (char *)&s->length + s->done
                          : q->p + (s->done - head);
        size_t n = in_head ? head - s->done : q->n - (s->done - head);
        ssize_t got = q->sending ? send(fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL)
                                 : recv(fd, p, n, MSG_DONTWAIT);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return moved;
        if (got < 0)
            return gone(q->peer, lost, strerror(errno), why, n_why);
        if (!got)
            return gone(q->peer, lost, "its connection ended", why, n_why);
        s->done += (size_t)got;
        moved = 1;
        if (s->done == head && s->length != q->n) {
            snprintf(why, n_why, "rank %d sent %llu bytes, %zu were expected",
                     q->peer, (unsigned long long)s->length, q->n);
            return -1;
        }
    }
    return moved;
}

static int is_done(const struct comm_part *q, const struct state *s)
{
    return s->done == sizeof s->length + q->n;
}

/* 1 when an earlier message to or from the same rank is not done yet. */
static int must_wait(const struct comm_part *q, const struct state *s, int i)
{
    for (int j = 0; j < i; j++)
        if (q[j].peer == q[i].peer && q[j].sending == q[i].sending &&
            !is_done(&q[j], &s[j]))
            return 1;
    return 0;
}

/* Sleeps until one of n in l->set is ready. */
static int wait_for(struct local *l, int n, char *why, size_t n_why)
{
    l->set[n] = (struct pollfd){.fd = l->left, .events = POLLIN};
    if (poll(l->set, (nfds_t)n + 1, -1) < 0 && errno != EINTR) {
        snprintf(why, n_why, "poll: %s", strerror(errno));
        return -1;
    }
    if (!(l->set[n].revents & POLLIN))
        return 0;
    snprintf(why, n_why, "this rank has failed");
    return -1;
}

static int exchange(void *ctx, const struct comm_part *q, int n, int *lost,
                    char *why, size_t n_why)
{
    struct local *l = ctx;

    for (int i = 0; i < n; i++)
        l->at[i] = (struct state){q[i].sending ? q[i].n : 0, 0};
    for (;;) {
        int left = 0, moved = 0, n_set = 0;

        for (int i = 0; i < n; i++) {
            int fd = l->fd[q[i].peer], r;

            if (is_done(&q[i], &l->at[i]))
                continue;
            left++;
            if (must_wait(q, l->at, i))
                continue;
            r = move(fd, &q[i], &l->at[i], lost, why, n_why);
            if (r < 0)
                return -1;
            moved += r;
            l->set[n_set++] = (struct pollfd){
                .fd = fd, .events = q[i].sending ? POLLOUT : POLLIN};
        }
        if (!left)
            return 0;
        if (!moved && wait_for(l, n_set, why, n_why))
            return -1;
    }
}

static int probe(void *ctx, enum comm_channel channel, int wait_ms, int *from,
                 int *lost, char *why, size_t n_why)
{
    struct local *l = ctx;
    int n = 0;

    (void)channel;
    (void)lost;
    *from = -1;
    for (int i = 0; i < l->size; i++) {
        int r = (l->turn + i) % l->size;

        if (r != l->rank)
            l->set[n++] = (struct pollfd){.fd = l->fd[r], .events = POLLIN};
    }
    if (poll(l->set, (nfds_t)n, wait_ms) < 0) {
        snprintf(why, n_why, "poll: %s", strerror(errno));
        return errno == EINTR ? 0 : -1;
    }
    for (int i = 0, k = 0; i < l->size && *from < 0; i++) {
        int r = (l->turn + i) % l->size;

        if (r != l->rank && l->set[k++].revents)
            *from = r;
    }
    if (*from >= 0)
        l->turn = (*from + 1) % l->size;
    return 0;
}

/* ---- shared memory ---- */

#define HUGE_PAGE ((size_t)2 << 20)
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1; an error before */
#endif

/* n bytes of a file, from a multiple of HUGE_PAGE on where they are as long, so
 * that huge pages fit; MAP_FAILED */
static char *map(int fd, size_t n, int prot)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t room = (n + page - 1) / page * page + HUGE_PAGE, before;
    char *p, *at;

    if (n < HUGE_PAGE)
        return mmap(NULL, n, prot, MAP_SHARED, fd, 0);
    p = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return p;
    before = (HUGE_PAGE - (uintptr_t)p % HUGE_PAGE) % HUGE_PAGE;
    at = mmap(p + before, n, prot, MAP_SHARED | MAP_FIXED, fd, 0);
    if (at == MAP_FAILED) {
        munmap(p, room);
        return at;
    }
    if (before)
        munmap(p, before);
    munmap(at + room - HUGE_PAGE, HUGE_PAGE - before);
    return at;
}

/* The kernel makes shared memory of small pages (shmem_enabled), each a fault in
 * each rank and an entry in a TLB. So huge ones are taken before the small ones
 * are, where there are some: a byte of each, which then becomes all of it. */
static void take_huge(int fd, char *p, size_t n)
{
    size_t whole = n / HUGE_PAGE * HUGE_PAGE;

    for (size_t at = 0; at < whole; at += HUGE_PAGE)
        if (posix_fallocate(fd, (off_t)at, 1))
            return;
    if (whole)
        (void)!madvise(p, whole, MADV_COLLAPSE);
}

/* Room for n bytes in fact, so that memory which is out is noticed here, and not
 * by a signal where they are touched. */
static int take_room(int fd, char *p, size_t n)
{
    struct rlimit most;
    int r;

    if (fd < 0 || getrlimit(RLIMIT_FSIZE, &most) || most.rlim_cur < n)
        return -1;
    if (ftruncate(fd, (off_t)n))
        return -1;
    take_huge(fd, p, n);
    do
        r = posix_fallocate(fd, 0, (off_t)n);
    while (r == EINTR);
    return r ? -1 : 0;
}

static int file_of(const struct local *l, int rank, int which)
{
    return l->memory[rank * COMM_WINDOWS + which];
}

static void unshare_local(void *ctx, int which, size_t bytes, char **p)
{
    struct local *l = ctx;

    for (int i = 0; i < l->size; i++)
        if (p[i])
            munmap(p[i], bytes);
    /* not cut off: who still reads it, after an error, reads zeros */
    (void)!fallocate(file_of(l, l->rank, which),
                     FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                     (off_t)bytes);
}

static int share(void *ctx, int which, size_t bytes, char **p)
{
    struct local *l = ctx;

    for (int i = 0; i < l->size; i++) {
        int own = i == l->rank, fd = file_of(l, i, which);
        char *at = map(fd, bytes, own ? PROT_READ | PROT_WRITE : PROT_READ);

        if (at != MAP_FAILED)
            p[i] = at;
        if (at == MAP_FAILED || (own && take_room(fd, at, bytes))) {
            unshare_local(l, which, bytes, p);
            return -1;
        }
    }
    return 0;
}

static void leave(void *ctx)
{
    const struct local *l = ctx;

    (void)!eventfd_write(l->left, 1);
}

static void close_local(void *ctx)
{
    struct local *l = ctx;

    if (l->left >= 0)
        close(l->left);

    close_row(l->fd, l->size);
    close_row(l->memory, l->size * COMM_WINDOWS);
    free(l->fd);
    free(l->memory);
    free(l->at);
    free(l->set);
    free(l);
}

void local_take(struct local_mesh **m, int rank, struct comm_engine *x)
{
    struct local *l = xcalloc(1, sizeof *l);
    size_t n = (size_t)(*m)->size;
    int *row = (*m)->fd + (size_t)rank * n;

    l->rank = rank;
    l->size = (*m)->size;
    l->fd = xcalloc(n, sizeof *l->fd);
    l->memory = xcalloc(n * COMM_WINDOWS, sizeof *l->memory);
    l->at = xcalloc(2 * n, sizeof *l->at);
    l->set = xcalloc(2 * n + 1, sizeof *l->set);
    l->left = eventfd(0, EFD_CLOEXEC); /* -1: poll passes over it */
    for (size_t i = 0; i < n; i++) {
        l->fd[i] = row[i];
        row[i] = -1;
    }
    for (size_t i = 0; i < n * COMM_WINDOWS; i++) {
        l->memory[i] = (*m)->memory[i];
        (*m)->memory[i] = -1;
    }
    local_close(m);
    *x = (struct comm_engine){.rank = rank,
                              .size = l->size,
                              .ctx = l,
                              .exchange = exchange,
                              .probe = probe,
                              .leave = leave,
                              .close = close_local,
                              .share = share,
                              .unshare = unshare_local};
}
