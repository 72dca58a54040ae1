/* source - the bytes of an input: read(2), through zstd where its frames are */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>
#include "../base/arena.h"
#include "../base/buf.h"
#include "source.h"

enum { CHUNK = 128 * 1024 };

struct window {
    struct buf b;
    size_t at; /* bytes before it are used up */
};

struct source {
    int fd, eof;
    int zstd;     /* the window is fed through the decoder */
    int in_frame; /* of the decoder */
    int full;     /* the decoder may hold more output */
    char *name;
    ZSTD_DStream *z;
    struct window raw; /* compressed bytes; unused when !zstd */
    struct window win; /* plain bytes */
};

static size_t left(const struct window *w)
{
    return w->b.n - w->at;
}

static const char *start(const struct window *w)
{
    return w->b.p + w->at;
}

static char *room(struct window *w, size_t n)
{
    if (w->at) {
        memmove(w->b.p, w->b.p + w->at, left(w));
        w->b.n -= w->at;
        w->at = 0;
    }
    return buf_room(&w->b, n);
}

int source_open(struct source **out, const char *path, struct err *e)
{
    struct source *s = xcalloc(1, sizeof *s);

    *out = NULL;
    s->fd = STDIN_FILENO;
    s->name = xstrdup(strcmp(path, "-") ? path : "stdin");
    if (strcmp(path, "-")) {
        s->fd = open(path, O_RDONLY | O_CLOEXEC);
        if (s->fd < 0) {
            int r = err_errno(e, ERR_IO, "%s", path);

            source_close(&s);
            return r;
        }
    }
    *out = s;
    return 0;
}

void source_close(struct source **s)
{
    if (!*s)
        return;
    if ((*s)->fd > STDIN_FILENO)
        close((*s)->fd);
    ZSTD_freeDStream((*s)->z);
    buf_free(&(*s)->raw.b);
    buf_free(&(*s)->win.b);
    free((*s)->name);
    free(*s);
    *s = NULL;
}

const char *source_name(const struct source *s)
{
    return s->name;
}

const char *source_bytes(const struct source *s, size_t *n)
{
    *n = left(&s->win);
    return *n ? start(&s->win) : "";
}

void source_take(struct source *s, size_t n)
{
    s->win.at += n;
}

int source_cut(const struct source *s)
{
    return s->eof && s->in_frame;
}

int source_ready(const struct source *s)
{
    struct pollfd p = { .fd = s->fd, .events = POLLIN };

    return left(&s->raw) || s->full || s->eof || poll(&p, 1, 0) != 0;
}

/* read(2) into a window: 1, 0 at the end, negative on error */
static int fill(struct source *s, struct window *w, struct err *e)
{
    char *p = room(w, CHUNK);
    ssize_t k;

    if (s->eof)
        return 0;
    do
        k = read(s->fd, p, CHUNK);
    while (k < 0 && errno == EINTR);
    if (k < 0)
        return err_errno(e, ERR_IO, "%s", s->name);
    if (!k)
        s->eof = 1;
    w->b.n += (size_t)k;
    return k > 0;
}

/* A zstd frame or a skippable one begins with these four bytes. */
static int is_zstd(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;

    return (u[0] == 0x28 && u[1] == 0xb5 && u[2] == 0x2f && u[3] == 0xfd) ||
           ((u[0] & 0xf0) == 0x50 && u[1] == 0x2a && u[2] == 0x4d &&
            u[3] == 0x18);
}

static int may_be_zstd(const char *p, size_t n)
{
    unsigned char c = (unsigned char)*p;

    return n >= 4 ? is_zstd(p) : c == 0x28 || (c & 0xf0) == 0x50;
}

/* One step of the decoder; 1 when it gave bytes. */
static int inflate(struct source *s, struct err *e)
{
    ZSTD_inBuffer in = { start(&s->raw), left(&s->raw), 0 };
    ZSTD_outBuffer out = { room(&s->win, CHUNK), CHUNK, 0 };
    size_t r = ZSTD_decompressStream(s->z, &out, &in);

    if (ZSTD_isError(r))
        return err_set(e, ERR_DATA, "%s: damaged zstd data: %s", s->name,
                       ZSTD_getErrorName(r));
    s->raw.at += in.pos;
    s->win.b.n += out.pos;
    s->in_frame = r != 0;
    s->full = out.pos == out.size;
    return out.pos > 0;
}

static void swap_windows(struct source *s)
{
    struct window w = s->raw;

    s->raw = s->win;
    s->win = w;
}

int source_more(struct source *s, struct err *e)
{
    int r;

    if (!s->zstd)
        return fill(s, &s->win, e);
    for (;;) {
        if (!s->in_frame && !s->full) {
            while (left(&s->raw) < 4 && (r = fill(s, &s->raw, e)))
                if (r < 0)
                    return r;
            if (!left(&s->raw))
                return 0;
            if (left(&s->raw) < 4 || !is_zstd(start(&s->raw))) {
                size_t n = left(&s->raw);

                memcpy(room(&s->win, n), start(&s->raw), n);
                s->win.b.n += n;
                s->raw.at += n;
                s->zstd = 0;
                return 1;
            }
        } else if (!left(&s->raw) && !s->full) {
            r = fill(s, &s->raw, e);
            if (r <= 0)
                return r;
        }
        r = inflate(s, e);
        if (r)
            return r;
    }
}

int source_boundary(struct source *s, struct err *e)
{
    int r;

    while (!left(&s->win)) {
        r = source_more(s, e);
        if (r <= 0)
            return r;
    }
    while (!s->zstd && left(&s->win) < 4 &&
           may_be_zstd(start(&s->win), left(&s->win))) {
        r = source_more(s, e);
        if (r < 0)
            return r;
        if (!r)
            return 1;
    }
    if (s->zstd || !may_be_zstd(start(&s->win), left(&s->win)))
        return 1;
    if (!s->z && !(s->z = ZSTD_createDStream()))
        return err_set(e, ERR_IO, "%s: no memory for zstd", s->name);
    swap_windows(s);
    s->zstd = 1;
    s->in_frame = s->full = 0;
    return source_boundary(s, e);
}

