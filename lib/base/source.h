/* source - the bytes of an input: read(2), through zstd or gzip where it is
 * compressed
 *
 * Compressed and plain parts may follow each other (`cat a.zst b.gz c`): which
 * one comes is looked up at each boundary between streams.
 */
#ifndef ULP_BASE_SOURCE_H
#define ULP_BASE_SOURCE_H
#include <stddef.h>
#include "err.h"

struct source;

/* path "-" is standard input. */
int source_open(struct source **s, const char *path, struct err *e) MUST_CHECK;
void source_close(struct source **s);
const char *source_name(const struct source *s);
/* The bytes at hand, *n of them; lent until the next source_more. */
const char *source_bytes(const struct source *s, size_t *n);
/* Drop the first n bytes at hand. */
void source_take(struct source *s, size_t n);
/* Wait for more bytes: 1, 0 at the end of the input, negative on error. */
int source_more(struct source *s, struct err *e) MUST_CHECK;
/* Called before each wait for a writer that has nothing to say yet; negative
 * ends the read. */
void source_on_wait(struct source *s, int (*fn)(void *ctx, struct err *e),
                    void *ctx);
/* To be called between two streams: see whether a compressed part begins here.
 * 1 when bytes are at hand, 0 at the end of the input, negative on error. */
int source_boundary(struct source *s, struct err *e) MUST_CHECK;
/* 1 when source_more would not wait for a writer: the input has bytes, or has
 * ended. */
int source_ready(const struct source *s);
/* 1 when the input ended inside a compressed frame. */
int source_cut(const struct source *s);

#endif
