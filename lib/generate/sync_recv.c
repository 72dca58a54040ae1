/* sync_recv - the sampler's side of the FIFO; see sync.h */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "../model/arm.h"
#include "sync_impl.h"

#define MAX_BYTES ((uint64_t)1 << 40)

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

/* A digest, 32 characters long. */
static int get_digest(const msgpack_object *o, const char *key, char out[33])
{
    const msgpack_object *d = member(o, key, MSGPACK_OBJECT_STR);

    if (!d || d->via.str.size != 32)
        return -ERR_DATA;
    memcpy(out, d->via.str.ptr, 32);
    out[32] = 0;
    return 0;
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
    if (!n || n->via.u64 > MAX_BYTES || k == 3 ||
        (m->type == SYNC_CHANGES && get_digest(o, "from", m->from)))
        return err_set(e, ERR_DATA, "%s: damaged weights message", s->name);
    m->keep = member(o, "keep", MSGPACK_OBJECT_POSITIVE_INTEGER) != NULL;
    m->t = (enum dtype)k;
    m->n_bytes = (size_t)n->via.u64;
    s->sum = hash_open();
    s->n_part = 0;
    return 0;
}

/* The next part: it is in s->obj. */
static int next_part(struct sync *s, struct err *e)
{
    int r = next(s, e);

    if (!r && s->obj.data.type != MSGPACK_OBJECT_BIN)
        r = err_set(e, ERR_DATA, "%s: damaged weights", s->name);
    return r;
}

int sync_get_changes(struct sync *s, const void **p, size_t *n, struct err *e)
{
    int r = next_part(s, e);

    if (r)
        return r;
    *p = s->obj.data.via.bin.ptr;
    *n = s->obj.data.via.bin.size;
    hash_update(s->sum, *p, *n);
    return 0;
}

int sync_get_weights(struct sync *s, void *dst, size_t n, struct err *e)
{
    char *at = dst;

    while (n) {
        size_t now = n < s->n_part ? n : s->n_part;

        if (!now) {
            int r = next_part(s, e);

            if (r)
                return r;
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

int sync_check_weights(struct sync *s, char policy[33], struct err *e)
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
    if (get_digest(&s->obj.data, "policy", policy))
        return err_set(e, ERR_DATA, "%s: weights without their digest",
                       s->name);
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
    if (!str_is(t, "weights") && !str_is(t, "changes"))
        return err_set(e, ERR_DATA, "%s: unknown message", s->name);
    m->type = str_is(t, "weights") ? SYNC_WEIGHTS : SYNC_CHANGES;
    return recv_weights(s, m, e);
}
