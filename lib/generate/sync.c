/* sync - messages of trainer and sampler over a FIFO; see sync.h */
#include "sync.h"
#include <errno.h>
#include <fcntl.h>
#include <msgpack.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "../base/arena.h"
#include "../base/buf.h"
#include "../base/hash.h"
#include "../model/arm.h"

/* For the other side to open the FIFO. A trainer does so before all else; a
 * sampler may load its model first. */
#define WAIT_TRAINER_MS 30000
#define WAIT_SAMPLER_MS 300000
#define CHUNK ((size_t)1 << 20) /* weights travel in pieces */
#define MAX_BYTES ((uint64_t)1 << 40)

struct sync {
    int fd;
    int greeted; /* reader: a writer has been seen */
    char *name;
    struct hash *sum; /* of the weights on their way */
    const char *part; /* reader: of them, in obj and not yet got */
    size_t n_part;
    msgpack_unpacker u;
    msgpack_unpacked obj;
};

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

/* {"type": type, and up to two numbers}, with dtype when not NULL */
static int put_map(struct sync *s, const char *type, const char *dtype,
                   const char *k1, uint64_t v1, const char *k2, uint64_t v2,
                   struct err *e)
{
    struct buf b = {0};
    msgpack_packer p;
    int r;

    msgpack_packer_init(&p, &b, to_buf);
    msgpack_pack_map(&p, (size_t)(1 + !!dtype + !!k1 + !!k2));
    pack_str(&p, "type");
    pack_str(&p, type);
    if (dtype) {
        pack_str(&p, "dtype");
        pack_str(&p, dtype);
    }
    if (k1) {
        pack_str(&p, k1);
        msgpack_pack_uint64(&p, v1);
    }
    if (k2) {
        pack_str(&p, k2);
        msgpack_pack_uint64(&p, v2);
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
    if (!msgpack_unpacker_init(&(*s)->u, CHUNK))
        return err_memory(e, "%s: out of memory", fifo);
    msgpack_unpacked_init(&(*s)->obj);
    /* the reader then knows that we live, however long the model loads */
    return writing ? put_map(*s, "hello", NULL, NULL, 0, NULL, 0, e) : 0;
}

int sync_send_go(struct sync *s, uint32_t step, uint32_t prompts, struct err *e)
{
    return put_map(s, "go", NULL, "step", step, "prompts", prompts, e);
}

int sync_send_end(struct sync *s, struct err *e)
{
    return put_map(s, "end", NULL, NULL, 0, NULL, 0, e);
}

int sync_begin_weights(struct sync *s, enum dtype t, size_t n_bytes,
                       struct err *e)
{
    s->sum = hash_open();
    return put_map(s, "weights", dtype_name(t), "bytes", n_bytes, NULL, 0, e);
}

int sync_put_weights(struct sync *s, const void *p, size_t n, struct err *e)
{
    const char *at = p;
    int r = 0;

    hash_update(s->sum, p, n);
    while (!r && n) {
        size_t now = n < CHUNK ? n : CHUNK;
        struct buf b = {0};
        msgpack_packer k;

        msgpack_packer_init(&k, &b, to_buf);
        msgpack_pack_bin(&k, now);
        r = put(s, b.p, b.n, e);
        buf_free(&b);
        if (!r)
            r = put(s, at, now, e);
        at += now;
        n -= now;
    }
    return r;
}

int sync_end_weights(struct sync *s, struct err *e)
{
    uint64_t sum = hash_value(s->sum);

    hash_close(&s->sum);
    return put_map(s, "sum", NULL, "xxh64", sum, NULL, 0, e);
}

/* ---- receiving ------------------------------------------------------- */

/* More bytes into the unpacker: 1, or 0 at the end. */
static int fill(struct sync *s, struct err *e)
{
    struct pollfd pf = {.fd = s->fd, .events = POLLIN};

    if (!msgpack_unpacker_reserve_buffer(&s->u, CHUNK))
        return err_memory(e, "%s: out of memory", s->name);
    for (;;) {
        int n_ready = poll(&pf, 1, s->greeted ? -1 : WAIT_TRAINER_MS);
        ssize_t n;

        if (n_ready < 0 && errno == EINTR)
            continue;
        if (n_ready < 0)
            return err_errno(e, ERR_IO, "%s", s->name);
        if (n_ready == 0)
            return err_set(e, ERR_IO, "%s: no trainer wrote to it in %d s",
                           s->name, WAIT_TRAINER_MS / 1000);
        s->greeted = 1;
        n = read(s->fd, msgpack_unpacker_buffer(&s->u),
                 msgpack_unpacker_buffer_capacity(&s->u));
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n < 0)
            return err_errno(e, ERR_IO, "%s", s->name);
        msgpack_unpacker_buffer_consumed(&s->u, (size_t)n);
        return n > 0;
    }
}

/* The next msgpack object, in s->obj. */
static int next(struct sync *s, struct err *e)
{
    for (;;) {
        msgpack_unpack_return r = msgpack_unpacker_next(&s->u, &s->obj);
        int got;

        if (r == MSGPACK_UNPACK_SUCCESS)
            return 0;
        if (r == MSGPACK_UNPACK_NOMEM_ERROR)
            return err_memory(e, "%s: out of memory", s->name);
        if (r != MSGPACK_UNPACK_CONTINUE)
            return err_set(e, ERR_DATA, "%s: not msgpack", s->name);
        got = fill(s, e);
        if (got < 0)
            return got;
        if (!got)
            return err_set(e, ERR_DATA,
                           "%s: the trainer went away without an end message",
                           s->name);
    }
}

static const msgpack_object *member(const msgpack_object *o, const char *key,
                                    msgpack_object_type type)
{
    if (o->type != MSGPACK_OBJECT_MAP)
        return NULL;
    for (uint32_t i = 0; i < o->via.map.size; i++) {
        const msgpack_object_kv *kv = &o->via.map.ptr[i];

        if (kv->key.type == MSGPACK_OBJECT_STR &&
            kv->key.via.str.size == strlen(key) &&
            !memcmp(kv->key.via.str.ptr, key, strlen(key)))
            return kv->val.type == type ? &kv->val : NULL;
    }
    return NULL;
}

static int str_is(const msgpack_object *o, const char *s)
{
    return o && o->via.str.size == strlen(s) &&
           !memcmp(o->via.str.ptr, s, strlen(s));
}

static int recv_weights(struct sync *s, struct sync_msg *m, struct err *e)
{
    const msgpack_object *o = &s->obj.data;
    const msgpack_object *n = member(o, "bytes",
                                     MSGPACK_OBJECT_POSITIVE_INTEGER);
    const msgpack_object *t = member(o, "dtype", MSGPACK_OBJECT_STR);
    int k = 0;

    while (k < 3 && !str_is(t, dtype_name((enum dtype)k)))
        k++;
    if (!n || n->via.u64 > MAX_BYTES || k == 3)
        return err_set(e, ERR_DATA, "%s: damaged weights message", s->name);
    m->type = SYNC_WEIGHTS;
    m->t = (enum dtype)k;
    m->n_bytes = (size_t)n->via.u64;
    s->sum = hash_open();
    s->n_part = 0;
    return 0;
}

int sync_get_weights(struct sync *s, void *dst, size_t n, struct err *e)
{
    char *at = dst;

    while (n) {
        size_t now = n < s->n_part ? n : s->n_part;

        if (!now) {
            int r = next(s, e);

            if (r)
                return r;
            if (s->obj.data.type != MSGPACK_OBJECT_BIN)
                return err_set(e, ERR_DATA, "%s: damaged weights", s->name);
            s->part = s->obj.data.via.bin.ptr;
            s->n_part = s->obj.data.via.bin.size;
            continue;
        }
        memcpy(at, s->part, now);
        hash_update(s->sum, s->part, now);
        s->part += now;
        s->n_part -= now;
        at += now;
        n -= now;
    }
    return 0;
}

int sync_check_weights(struct sync *s, struct err *e)
{
    uint64_t sum = hash_value(s->sum);
    const msgpack_object *n;
    int r = s->n_part ? err_set(e, ERR_DATA, "%s: damaged weights", s->name)
                      : next(s, e);

    hash_close(&s->sum);
    if (r)
        return r;
    n = member(&s->obj.data, "xxh64", MSGPACK_OBJECT_POSITIVE_INTEGER);
    if (!n || n->via.u64 != sum)
        return err_set(e, ERR_DATA, "%s: weights fail their checksum", s->name);
    return 0;
}

int sync_recv(struct sync *s, struct sync_msg *m, struct err *e)
{
    const msgpack_object *t, *step, *prompts;
    int r;

    memset(m, 0, sizeof *m);
    do {
        r = next(s, e);
        if (r)
            return r;
        t = member(&s->obj.data, "type", MSGPACK_OBJECT_STR);
    } while (str_is(t, "hello"));
    if (str_is(t, "end")) {
        m->type = SYNC_END;
        return 0;
    }
    if (str_is(t, "go")) {
        step = member(&s->obj.data, "step", MSGPACK_OBJECT_POSITIVE_INTEGER);
        prompts = member(&s->obj.data, "prompts",
                         MSGPACK_OBJECT_POSITIVE_INTEGER);
        if (!step || !prompts || step->via.u64 > UINT32_MAX ||
            prompts->via.u64 > UINT32_MAX)
            return err_set(e, ERR_DATA, "%s: damaged go message", s->name);
        m->type = SYNC_GO;
        m->step = (uint32_t)step->via.u64;
        m->prompts = (uint32_t)prompts->via.u64;
        return 0;
    }
    if (!str_is(t, "weights"))
        return err_set(e, ERR_DATA, "%s: unknown message", s->name);
    return recv_weights(s, m, e);
}
