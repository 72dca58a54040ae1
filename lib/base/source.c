/* source - the bytes of an input: read(2), through zstd or zlib where their
 * frames are */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>
#include "arena.h"
#include "buf.h"
#include "source.h"

enum { CHUNK = 128 * 1024 };

struct window {
    struct buf b;
    size_t at; /* bytes before it are used up */
};

enum coding { PLAIN, ZSTD, GZIP };

struct source {
    int fd, eof;
    enum coding coding; /* of the bytes that come next */
    int in_frame;       /* of the decoder */
    int full;           /* the decoder may hold more output */
    char *name;
    int (*on_wait)(void *ctx, struct err *e);
    void *on_wait_ctx;
    ZSTD_DStream *z;
    z_stream *gz;
    struct window raw; /* compressed bytes; unused when PLAIN */
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
    if ((*s)->gz)
        inflateEnd((*s)->gz);
    free((*s)->gz);
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

void source_on_wait(struct source *s, int (*fn)(void *ctx, struct err *e),
                    void *ctx)
{
    s->on_wait = fn;
    s->on_wait_ctx = ctx;
}

static int would_wait(const struct source *s)
{
    struct pollfd p = {.fd = s->fd, .events = POLLIN};

    return poll(&p, 1, 0) == 0;
}

int source_ready(const struct source *s)
{
    return left(&s->raw) || s->full || s->eof || !would_wait(s);
}

/* read(2) into a window: 1, 0 at the end, negative on error */
static int fill(struct source *s, struct window *w, struct err *e)
{
    char *p = room(w, CHUNK);
    ssize_t k;

    if (s->eof)
        return 0;
    if (s->on_wait && would_wait(s)) {
        int r = s->on_wait(s->on_wait_ctx, e);

        if (r < 0)
            return r;
    }
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

/* What begins with these four bytes: a zstd frame or a skippable one, a gzip
 * member (deflate is its only method), or plain bytes. */
static enum coding coding_of(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;

    if ((u[0] == 0x28 && u[1] == 0xb5 && u[2] == 0x2f && u[3] == 0xfd) ||
        ((u[0] & 0xf0) == 0x50 && u[1] == 0x2a && u[2] == 0x4d && u[3] == 0x18))
        return ZSTD;
    return u[0] == 0x1f && u[1] == 0x8b && u[2] == 8 ? GZIP : PLAIN;
}

static int may_be_coded(const char *p, size_t n)
{
    unsigned char c = (unsigned char)*p;

    return n >= 4 ? coding_of(p) != PLAIN
                  : c == 0x28 || c == 0x1f || (c & 0xf0) == 0x50;
}

/* A frame begins at the next byte at hand: have a decoder ready for it. */
static int begin_frame(struct source *s, enum coding coding, struct err *e)
{
    s->coding = coding;
    s->full = s->in_frame = 0;
    if (coding == ZSTD && !s->z && !(s->z = ZSTD_createDStream()))
        return err_memory(e, "%s: out of memory for zstd", s->name);
    if (coding != GZIP)
        return 0;
    if (s->gz)
        return inflateReset(s->gz) == Z_OK
                   ? 0
                   : err_set(e, ERR_DATA, "%s: damaged gzip data", s->name);
    s->gz = xcalloc(1, sizeof *s->gz);
    if (inflateInit2(s->gz, 15 + 16) == Z_OK)
        return 0;
    free(s->gz);
    s->gz = NULL;
    return err_memory(e, "%s: out of memory for gzip", s->name);
}

/* What zstd could not decode: not damage where memory is out, or where a valid
 * frame asks for more of it than the decoder takes. */
static int zstd_failed(const struct source *s, size_t r, struct err *e)
{
    switch (ZSTD_getErrorCode(r)) {
    case ZSTD_error_memory_allocation:
        return err_memory(e, "%s: out of memory for zstd", s->name);
    case ZSTD_error_frameParameter_windowTooLarge:
        return err_set(e, ERR_DATA,
                       "%s: zstd data with a window of more than "
                       "128 MiB (zstd --long); decompress it first with "
                       "zstd -d --long=31",
                       s->name);
    default:
        return err_set(e, ERR_DATA, "%s: damaged zstd data: %s", s->name,
                       ZSTD_getErrorName(r));
    }
}

/* One step of a decoder; 1 when it gave bytes. */
static int decode_zstd(struct source *s, struct err *e)
{
    ZSTD_inBuffer in = {start(&s->raw), left(&s->raw), 0};
    ZSTD_outBuffer out = {room(&s->win, CHUNK), CHUNK, 0};
    size_t r = ZSTD_decompressStream(s->z, &out, &in);

    if (ZSTD_isError(r))
        return zstd_failed(s, r, e);
    s->raw.at += in.pos;
    s->win.b.n += out.pos;
    s->in_frame = r != 0;
    s->full = out.pos == out.size;
    return out.pos > 0;
}

static int decode_gzip(struct source *s, struct err *e)
{
    size_t n = left(&s->raw);
    int r;

    n = n > CHUNK ? CHUNK : n; /* zlib counts in 32 bits */
    s->gz->next_in = (unsigned char *)s->raw.b.p + s->raw.at;
    s->gz->avail_in = (unsigned)n;
    s->gz->next_out = (unsigned char *)room(&s->win, CHUNK);
    s->gz->avail_out = CHUNK;
    r = inflate(s->gz, Z_NO_FLUSH);
    if (r == Z_MEM_ERROR)
        return err_memory(e, "%s: out of memory for gzip", s->name);
    if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
        return err_set(e, ERR_DATA, "%s: damaged gzip data: %s", s->name,
                       s->gz->msg ? s->gz->msg : "no deflate stream");
    s->raw.at += n - s->gz->avail_in;
    s->win.b.n += CHUNK - s->gz->avail_out;
    s->in_frame = r != Z_STREAM_END;
    s->full = s->in_frame && !s->gz->avail_out;
    return s->gz->avail_out < CHUNK;
}

static void swap_windows(struct source *s)
{
    struct window w = s->raw;

    s->raw = s->win;
    s->win = w;
}

/* Between two frames: the next one, or plain bytes from here on. 1 when there
 * are plain bytes at hand, 0 at the end of the input or at a frame. */
static int next_frame(struct source *s, struct err *e)
{
    enum coding c;
    size_t n;
    int r;

    while (left(&s->raw) < 4 && (r = fill(s, &s->raw, e)))
        if (r < 0)
            return r;
    n = left(&s->raw);
    if (!n)
        return 0;
    c = n < 4 ? PLAIN : coding_of(start(&s->raw));
    if (c != PLAIN) {
        r = begin_frame(s, c, e);
        s->in_frame = 1;
        return r;
    }
    memcpy(room(&s->win, n), start(&s->raw), n);
    s->win.b.n += n;
    s->raw.at += n;
    s->coding = PLAIN;
    return 1;
}

int source_more(struct source *s, struct err *e)
{
    int r;

    if (s->coding == PLAIN)
        return fill(s, &s->win, e);
    for (;;) {
        if (!s->in_frame && !s->full) {
            r = next_frame(s, e);
            if (r || !s->in_frame)
                return r;
        } else if (!left(&s->raw) && !s->full) {
            r = fill(s, &s->raw, e);
            if (r <= 0)
                return r;
        }
        r = s->coding == ZSTD ? decode_zstd(s, e) : decode_gzip(s, e);
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
    while (s->coding == PLAIN && left(&s->win) < 4 &&
           may_be_coded(start(&s->win), left(&s->win))) {
        r = source_more(s, e);
        if (r < 0)
            return r;
        if (!r)
            return 1;
    }
    if (s->coding != PLAIN || !may_be_coded(start(&s->win), left(&s->win)))
        return 1;
    swap_windows(s);
    s->coding = coding_of(start(&s->raw));
    s->in_frame = s->full = 0;
    return source_boundary(s, e);
}
