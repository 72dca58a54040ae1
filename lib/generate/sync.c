/* sync - the trainer's side of the FIFO, and its opening; see sync.h */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "../base/arena.h"
#include "../base/buf.h"
#include "../model/arm.h"
#include "sync_impl.h"

/* 1 when standard input is a pipe that ended: a sampler sends rollouts through
 * it, so one that died before it opened the FIFO shows here at once. */
static int input_ended(void)
{
    struct pollfd p = {.fd = 0, .events = POLLIN};
    struct stat st;

    return !fstat(0, &st) && S_ISFIFO(st.st_mode) && poll(&p, 1, 0) == 1 &&
           (p.revents & (POLLHUP | POLLIN)) == POLLHUP;
}

/* A writer's open succeeds only when a reader is there; so it is asked again
 * and again, where a plain open would hang when the reader has died. */
static int open_writer(const char *fifo, struct err *e)
{
    const struct timespec nap = {0, 10 * 1000 * 1000};

    for (int waited = 0; waited < WAIT_SAMPLER_MS; waited += 10) {
        int fd = open(fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

        if (fd >= 0) {
            /* fewer turns between the two; a system may allow less */
            (void)fcntl(fd, F_SETPIPE_SZ, (int)PIPE);
            if (fcntl(fd, F_SETFL, 0) == 0)
                return fd;
            err_errno(e, ERR_IO, "%s", fifo);
            close(fd);
            return -ERR_IO;
        }
        if (errno != ENXIO && errno != EINTR)
            return err_errno(e, ERR_IO, "%s", fifo);
        if (input_ended())
            return err_set(e, ERR_IO,
                           "%s: no sampler opened it, and the "
                           "input ended",
                           fifo);
        nanosleep(&nap, NULL);
    }
    return err_set(e, ERR_IO, "%s: no sampler opened it for reading in %d s",
                   fifo, WAIT_SAMPLER_MS / 1000);
}

void sync_close(struct sync **s)
{
    if (!*s)
        return;
    close((*s)->fd);
    msgpack_unpacked_destroy(&(*s)->obj);
    msgpack_unpacker_destroy(&(*s)->u);
    hash_close(&(*s)->sum);
    free((*s)->name);
    free(*s);
    *s = NULL;
}

/* ---- sending --------------------------------------------------------- */

static int put(struct sync *s, const void *p, size_t n, struct err *e)
{
    const char *at = p;

    while (n) {
        ssize_t w = write(s->fd, at, n);

        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return err_errno(e, ERR_IO, "%s: sampler gone", s->name);
        at += w;
        n -= (size_t)w;
    }
    return 0;
}

/* msgpack's own buffer would lose bytes silently where memory is out. */
static int to_buf(void *b, const char *p, size_t n)
{
    buf_put(b, p, n);
    return 0;
}

static void pack_str(msgpack_packer *p, const char *s)
{
    msgpack_pack_str(p, strlen(s));
    msgpack_pack_str_body(p, s, strlen(s));
}

/* A member of a message: a number, or where text is not NULL that. */
struct member {
    const char *key, *text;
    uint64_t number;
};

/* {"type": type, and n members} */
static int put_map(struct sync *s, const char *type, const struct member *v,
                   size_t n, struct err *e)
{
    struct buf b = {0};
    msgpack_packer p;
    int r;

    msgpack_packer_init(&p, &b, to_buf);
    msgpack_pack_map(&p, n + 1);
    pack_str(&p, "type");
    pack_str(&p, type);
    for (size_t i = 0; i < n; i++) {
        pack_str(&p, v[i].key);
        if (v[i].text)
            pack_str(&p, v[i].text);
        else
            msgpack_pack_uint64(&p, v[i].number);
    }
    r = put(s, b.p, b.n, e);
    buf_free(&b);
    return r;
}

int sync_open(struct sync **s, const char *fifo, int writing, struct err *e)
{
    struct stat st;
    int fd;

    *s = NULL;
    if (stat(fifo, &st))
        return err_errno(e, ERR_IO, "%s", fifo);
    if (!S_ISFIFO(st.st_mode))
        return err_set(e, ERR_USAGE, "%s: not a FIFO (mkfifo makes one)", fifo);
    if (writing) {
        fd = open_writer(fifo, e);
        if (fd < 0)
            return fd;
    } else {
        fd = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
            return err_errno(e, ERR_IO, "%s", fifo);
    }
    *s = xcalloc(1, sizeof **s);
    (*s)->fd = fd;
    (*s)->name = xstrdup(fifo);
    if (!msgpack_unpacker_init(&(*s)->u, 4 * CHUNK))
        return err_memory(e, "%s: out of memory", fifo);
    msgpack_unpacked_init(&(*s)->obj);
    /* the reader then knows that we live, however long the model loads */
    return writing ? put_map(*s, "hello", NULL, 0, e) : 0;
}

int sync_send_go(struct sync *s, uint32_t step, uint32_t prompts, struct err *e)
{
    const struct member v[] = {{"step", NULL, step},
                               {"prompts", NULL, prompts}};

    return put_map(s, "go", v, 2, e);
}

int sync_send_end(struct sync *s, struct err *e)
{
    return put_map(s, "end", NULL, 0, e);
}

int sync_begin_weights(struct sync *s, enum dtype t, size_t n_bytes, int keep,
                       struct err *e)
{
    const struct member v[] = {{"dtype", dtype_name(t), 0},
                               {"bytes", NULL, n_bytes},
                               {"keep", NULL, 1}};

    s->sum = hash_open();
    return put_map(s, "weights", v, keep ? 3 : 2, e);
}

int sync_begin_changes(struct sync *s, enum dtype t, size_t n_bytes,
                       const char *from, struct err *e)
{
    const struct member v[] = {{"dtype", dtype_name(t), 0},
                               {"bytes", NULL, n_bytes},
                               {"from", from, 0}};

    s->sum = hash_open();
    return put_map(s, "changes", v, 3, e);
}

static int put_bin(struct sync *s, const void *p, size_t n, struct err *e)
{
    struct buf b = {0};
    msgpack_packer k;
    int r;

    msgpack_packer_init(&k, &b, to_buf);
    msgpack_pack_bin(&k, n);
    r = put(s, b.p, b.n, e);
    buf_free(&b);
    return r ? r : put(s, p, n, e);
}

int sync_put_weights(struct sync *s, const void *p, size_t n, struct err *e)
{
    const char *at = p;
    int r = 0;

    hash_update(s->sum, p, n);
    while (!r && n) {
        size_t now = n < CHUNK ? n : CHUNK;

        r = put_bin(s, at, now, e);
        at += now;
        n -= now;
    }
    return r;
}

int sync_put_changes(struct sync *s, const void *p, size_t n, struct err *e)
{
    hash_update(s->sum, p, n);
    return put_bin(s, p, n, e);
}

int sync_end_weights(struct sync *s, const char *policy, struct err *e)
{
    const struct member v[] = {{"xxh64", NULL, hash_value(s->sum)},
                               {"policy", policy, 0}};

    hash_close(&s->sum);
    return put_map(s, "sum", v, 2, e);
}
