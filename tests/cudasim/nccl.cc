/* nccl - see nccl.h */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <vector>
#include "nccl.h"
#include "memory.h"
#include "loader.h"

enum { MOST_RANKS = 64 };

struct cudasim_nccl {
    int n, rank, failed, left;
    int fd[MOST_RANKS];
    unsigned long long groups, sent;
};

struct message {
    int peer, sending;
    char *p;
    uint64_t n, done; /* done: of 8 bytes of its length, and its own */
    uint64_t length;
};

static std::vector<message> group;
static int depth;
static ncclComm_t group_comm;
static cudaStream_t group_stream;
static ncclResult_t group_failed;
static const char *last_error = "";

static ncclResult_t refuse(const char *why)
{
    last_error = why;
    return ncclInvalidArgument;
}

static void stop(const char *why)
{
    fprintf(stderr, "cudasim: NCCL: %s\n", why);
    abort();
}

static void nap(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

/* ---- the library ---- */

int cudasim_has_nccl(void)
{
    const char *how = getenv("CUDASIM_NCCL");

    return !how || strcmp(how, "none");
}

void *cudasim_nccl_symbol(const char *name)
{
#define HAS(f)                                                                \
    if (!strcmp(name, #f))                                                    \
        return (void *)f;
    HAS(ncclGetVersion)
    HAS(ncclGetUniqueId)
    HAS(ncclCommInitRank)
    HAS(ncclCommAbort)
    HAS(ncclCommGetAsyncError)
    HAS(ncclGetErrorString)
    HAS(ncclGetLastError)
    HAS(ncclSend)
    HAS(ncclRecv)
    HAS(ncclGroupStart)
    HAS(ncclGroupEnd)
#undef HAS
    return NULL;
}

ncclResult_t ncclGetVersion(int *version)
{
    const char *how = getenv("CUDASIM_NCCL");

    *version = how ? atoi(how) : NCCL_VERSION(2, 28, 9);
    return ncclSuccess;
}

const char *ncclGetErrorString(ncclResult_t r)
{
    switch (r) {
    case ncclSuccess: return "no error";
    case ncclSystemError: return "unhandled system error";
    case ncclInvalidArgument: return "invalid argument";
    case ncclRemoteError: return "remote process exited or there was a "
                                 "network error";
    default: return "unknown result code";
    }
}

const char *ncclGetLastError(ncclComm_t)
{
    return last_error;
}

/* ---- a group of ranks ---- */

ncclResult_t ncclGetUniqueId(ncclUniqueId *id)
{
    memset(id, 0, sizeof *id);
    return getrandom(id->internal, 16, 0) == 16 ? ncclSuccess
                                                : ncclSystemError;
}

static void address(struct sockaddr_un *a, const ncclUniqueId *id, int rank)
{
    char hex[33];

    memset(a, 0, sizeof *a);
    a->sun_family = AF_UNIX;
    for (int i = 0; i < 16; i++)
        snprintf(hex + 2 * i, 3, "%02x", (unsigned char)id->internal[i]);
    snprintf(a->sun_path + 1, sizeof a->sun_path - 1, "cudasim-nccl-%s-%d",
             hex, rank);
}

static int dial(const ncclUniqueId *id, int to, int me)
{
    struct sockaddr_un a;

    address(&a, id, to);
    for (;; nap(2)) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0)
            return -1;
        if (!connect(fd, (struct sockaddr *)&a, sizeof a))
            return write(fd, &me, sizeof me) == sizeof me ? fd : -1;
        close(fd);
        if (errno != ECONNREFUSED && errno != EAGAIN)
            return -1;
    }
}

ncclResult_t ncclCommInitRank(ncclComm_t *out, int n, ncclUniqueId id,
                              int rank)
{
    ncclComm_t c = new cudasim_nccl();
    struct sockaddr_un a;
    int door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), bad = door < 0;

    c->n = n;
    c->rank = rank;
    for (int i = 0; i < MOST_RANKS; i++)
        c->fd[i] = -1;
    address(&a, &id, rank);
    bad = n > MOST_RANKS || bad ||
          bind(door, (struct sockaddr *)&a, sizeof a) || listen(door, n);
    for (int i = 0; i < rank && !bad; i++)
        bad = (c->fd[i] = dial(&id, i, rank)) < 0;
    for (int i = rank + 1; i < n && !bad; i++) {
        int fd = accept(door, NULL, NULL), who = -1;

        bad = fd < 0 || read(fd, &who, sizeof who) != sizeof who ||
              who <= rank || who >= n;
        if (!bad)
            c->fd[who] = fd;
    }
    close(door);
    *out = c;
    return bad ? ncclSystemError : ncclSuccess;
}

/* What is put off is given up. */
ncclResult_t ncclCommAbort(ncclComm_t c)
{
    const char *file = getenv("CUDASIM_NCCL_COUNT");
    FILE *f = file ? fopen(file, "a") : NULL;

    if (f) {
        fprintf(f, "rank %d of %d: %llu groups, %llu bytes\n", c->rank, c->n,
                c->groups, c->sent);
        fclose(f);
    }
    for (int i = 0; i < c->n; i++)
        if (c->fd[i] >= 0)
            close(c->fd[i]);
    c->left = 1;
    return ncclSuccess;
}

ncclResult_t ncclCommGetAsyncError(ncclComm_t c, ncclResult_t *r)
{
    *r = c->failed ? ncclRemoteError : ncclSuccess;
    return ncclSuccess;
}

/* ---- messages ---- */

/* 1 when all is done. */
static int move(cudasim_nccl *c, message *m)
{
    while (m->done < sizeof m->length + m->n) {
        size_t head = sizeof m->length;
        int in_head = m->done < head;
        char *p = in_head ? (char *)&m->length + m->done
                          : m->p + (m->done - head);
        size_t left = in_head ? head - m->done : m->n - (m->done - head);
        ssize_t got = m->sending
                          ? send(c->fd[m->peer], p, left,
                                 MSG_DONTWAIT | MSG_NOSIGNAL)
                          : recv(c->fd[m->peer], p, left, MSG_DONTWAIT);

        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return 0;
        if (got <= 0) { /* as a device that polls for what never comes */
            c->failed = 1;
            for (;;)
                nap(1000);
        }
        m->done += (uint64_t)got;
        if (m->done == head && m->length != m->n)
            stop("a message of another size than is received");
    }
    return 1;
}

static int must_wait(const std::vector<message> &v, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (v[j].peer == v[i].peer && v[j].sending == v[i].sending &&
            v[j].done < sizeof v[j].length + v[j].n)
            return 1;
    return 0;
}

static void run(ncclComm_t c, std::vector<message> v)
{
    size_t left;

    if (c->left)
        return;
    memory_show(1);
    do {
        std::vector<pollfd> wait;

        left = 0;
        for (size_t i = 0; i < v.size(); i++) {
            if (must_wait(v, i) || !move(c, &v[i])) {
                left++;
                wait.push_back({c->fd[v[i].peer],
                                (short)(v[i].sending ? POLLOUT : POLLIN), 0});
            }
        }
        if (left)
            poll(wait.data(), wait.size(), 1000);
    } while (left);
    memory_show(0);
}

static ncclResult_t add(int sending, void *p, size_t n, ncclDataType_t t,
                        int peer, ncclComm_t c, cudaStream_t s)
{
    ncclResult_t r = ncclSuccess;

    if (!depth)
        r = refuse("a message by itself, which would wait for its peer");
    else if (t != ncclInt8 || peer < 0 || peer >= c->n || peer == c->rank)
        r = refuse("type or peer");
    else if (!memory_inside(p, n))
        r = refuse("what is sent or received is no device memory");
    else if (!group.empty() && (s != group_stream || c != group_comm))
        r = refuse("a group of several streams");
    if (r != ncclSuccess) {
        group_failed = r;
        return r;
    }
    group_comm = c;
    group_stream = s;
    group.push_back({peer, sending, (char *)p, n, 0, n});
    if (sending)
        c->sent += n;
    return r;
}

ncclResult_t ncclSend(const void *p, size_t n, ncclDataType_t t, int peer,
                      ncclComm_t c, cudaStream_t s)
{
    return add(1, (void *)(uintptr_t)p, n, t, peer, c, s);
}

ncclResult_t ncclRecv(void *p, size_t n, ncclDataType_t t, int peer,
                      ncclComm_t c, cudaStream_t s)
{
    return add(0, p, n, t, peer, c, s);
}

ncclResult_t ncclGroupStart(void)
{
    depth++;
    return ncclSuccess;
}

ncclResult_t ncclGroupEnd(void)
{
    std::vector<message> v;
    ncclResult_t r = group_failed;
    ncclComm_t c = group_comm;

    if (--depth)
        return ncclSuccess;
    v.swap(group);
    group_failed = ncclSuccess;
    if (r != ncclSuccess || v.empty())
        return r;
    c->groups++;
    cudasim_enqueue(group_stream, "NCCL's messages", [=] { run(c, v); });
    return ncclSuccess;
}
