/* rec - the record stream: a header map, record maps, an end map, in msgpack
 *
 * SCHEMA.md has every field. Input is sniffed from its bytes, never named:
 * zstd, gzip, msgpack, or JSON lines (which have no header and no end
 * record, so their count cannot be checked; a row is one line). Streams may
 * be concatenated. A msgpack stream that stops without its end record, or
 * whose count or checksum differs, is an ERR_DATA error that says how many
 * records had been read.
 *
 * A record is a msgpack map plus the fields set on it since it was read;
 * unknown fields pass through unchanged, in their place. Paths may be dotted
 * ("logprobs.base"): maps on the way are made when set.
 */
#ifndef ULP_RECORD_REC_H
#define ULP_RECORD_REC_H
#include <stddef.h>
#include <stdint.h>
#include "../base/arena.h"
#include "../base/buf.h"
#include "../base/err.h"

struct rec; /* one record */
struct rec_reader;
struct rec_writer;

struct rec_str {
    const char *s; /* UTF-8, NUL-terminated for convenience */
    size_t n;      /* bytes, without the NUL; may contain NULs */
};
struct rec_i32s {
    const int32_t *v;
    size_t n;
};
struct rec_f32s {
    const float *v;
    size_t n;
};

/* ---- reading -------------------------------------------------------- */

/* path "-" is standard input. name is used in messages ("stdin" or path).
 * Does not wait for input: the header is read when it is first asked for. */
int rec_open(struct rec_reader **r, const char *path, struct err *e) MUST_CHECK;
/* 1: *rec is the next record, lent until the next rec_read; 0: the end, seen
 * and checked; negative: error. */
int rec_read(struct rec_reader *r, struct rec **rec, struct err *e) MUST_CHECK;
/* 1 when rec_read would not wait for the first byte of a record (for the rest of
 * a record it may wait). For filters that gather a batch. */
int rec_ready(const struct rec_reader *r);
/* fn is called before each wait for such a writer; negative ends the read. */
void rec_on_wait(struct rec_reader *r, int (*fn)(void *ctx, struct err *e),
                 void *ctx);
void rec_close(struct rec_reader **r);
/* Records read so far over all concatenated streams (the current record's
 * number, counted from 1, once it is read). */
uint64_t rec_count(const struct rec_reader *r);
const char *rec_name(const struct rec_reader *r);
/* "kind" of the most recent header ("" for JSON lines). Available after
 * rec_open: waits for the header if it was not read yet. */
const char *rec_kind(const struct rec_reader *r);
/* The most recent header as JSON text, "" for JSON lines; lent until the next
 * read. */
const char *rec_header_json(const struct rec_reader *r);
/* How many streams were begun so far (a run of JSON lines is one). */
int rec_streams(const struct rec_reader *r);

/* ---- a record's fields ---------------------------------------------- */

/* Return 1 when the field is there, 0 when it is absent or nil, and
 * -ERR_DATA ("record 17: prompt: found int, expected str") for a wrong type,
 * NaN or Inf, or a number out of the C type's range. Views are lent until the
 * next rec_read. */
int rec_get_str(struct rec *r, const char *path, struct rec_str *out,
                struct err *e) MUST_CHECK;
/* A str, or an integer's decimal text: rows by hand need no quotes. A float is
 * refused, because it has many texts (0.50, 5e-1). */
int rec_get_text(struct rec *r, const char *path, struct rec_str *out,
                 struct err *e) MUST_CHECK;
int rec_get_i64(struct rec *r, const char *path, int64_t *out,
                struct err *e) MUST_CHECK;
int rec_get_u64(struct rec *r, const char *path, uint64_t *out,
                struct err *e) MUST_CHECK;
int rec_get_f64(struct rec *r, const char *path, double *out,
                struct err *e) MUST_CHECK;
int rec_get_bool(struct rec *r, const char *path, int *out,
                 struct err *e) MUST_CHECK;
int rec_get_i32s(struct rec *r, const char *path, struct rec_i32s *out,
                 struct err *e) MUST_CHECK;
int rec_get_f32s(struct rec *r, const char *path, struct rec_f32s *out,
                 struct err *e) MUST_CHECK;
/* Array of strings (choices). */
int rec_get_strs(struct rec *r, const char *path, const struct rec_str **v,
                 size_t *n, struct err *e) MUST_CHECK;

/* The same, an absent field being an error that names it. Return 0 or <0. */
int rec_need_str(struct rec *r, const char *path, struct rec_str *out,
                 struct err *e) MUST_CHECK;
int rec_need_text(struct rec *r, const char *path, struct rec_str *out,
                  struct err *e) MUST_CHECK;
int rec_need_i64(struct rec *r, const char *path, int64_t *out,
                 struct err *e) MUST_CHECK;
int rec_need_f64(struct rec *r, const char *path, double *out,
                 struct err *e) MUST_CHECK;
int rec_need_i32s(struct rec *r, const char *path, struct rec_i32s *out,
                  struct err *e) MUST_CHECK;
int rec_need_f32s(struct rec *r, const char *path, struct rec_f32s *out,
                  struct err *e) MUST_CHECK;

/* That error: "prompt_tokens is missing: run tokenize". */
int rec_missing(const struct rec *r, const char *path, struct err *e);
/* The program that writes a field, as one would type it ("tokenize
 * --decode"); NULL: rows come with it, or nobody knows it. */
const char *rec_writer_of(const char *path);

/* Every number of the record is finite: a stream holds no other. */
int rec_finite(const struct rec *r, struct err *e) MUST_CHECK;

/* An ERR_DATA error about this record: "stdin: record 17: " + message. */
int rec_bad(const struct rec *r, struct err *e, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* Walking all top-level fields (stats, show): key i as msgpack object is not
 * exposed; the value is rendered as JSON text in the record's arena. */
const char *rec_field_name(struct rec *r, size_t i);
const char *rec_field_json(struct rec *r, size_t i);
/* Scalar or array rendered as JSON for any path, or NULL when absent. */
const char *rec_json(struct rec *r, const char *path);

/* Set or replace a field; values are copied into the record's arena. */
void rec_set_str(struct rec *r, const char *path, const char *s, size_t n);
void rec_set_i64(struct rec *r, const char *path, int64_t v);
void rec_set_u64(struct rec *r, const char *path, uint64_t v);
void rec_set_f64(struct rec *r, const char *path, double v);
void rec_set_bool(struct rec *r, const char *path, int v);
void rec_set_i32s(struct rec *r, const char *path, const int32_t *v, size_t n);
void rec_set_f32s(struct rec *r, const char *path, const float *v, size_t n);
void rec_set_strs(struct rec *r, const char *path, const struct rec_str *v,
                  size_t n);
void rec_unset(struct rec *r, const char *path);

/* A record of one's own (metrics, sparsity), or a deep copy that outlives the
 * reader's next read (a rollout in flight). Freed by rec_free. */
struct rec *rec_new(void);
struct rec *rec_copy(const struct rec *r);
void rec_clear(struct rec *r); /* back to no fields; only for rec_new's */
/* The record as one msgpack map, behind what b has: less time and memory than a
 * copy for one that is looked at much later. */
void rec_pack(const struct rec *r, struct buf *b);
/* r, which rec_new made, is such a record: n bytes, which must outlive it. The
 * message in e has no prefix. */
int rec_parse(struct rec *r, const char *p, size_t n, struct err *e) MUST_CHECK;
void rec_free(struct rec **r);

/* ---- writing -------------------------------------------------------- */

/* How a stream is written. */
enum rec_format { REC_AUTO, REC_MSGPACK, REC_JSON };

/* path "-" is standard output. REC_AUTO: JSON lines when path is "-" and
 * standard output is a terminal, msgpack otherwise. A path ending in ".zst"
 * is compressed. Named outputs appear whole at rec_commit or not at all. */
int rec_create(struct rec_writer **w, const char *path, enum rec_format format,
               struct err *e) MUST_CHECK;
/* The header. made_by of `from` (may be NULL: a source) is kept and one
 * entry appended: {"tool": tool, and the pairs added by rec_made_by}. To be
 * called once, before the first record. kind is "prompts", "rollouts",
 * "metrics", "sparsity", ... With several or concatenated inputs the first
 * header counts. */
int rec_header(struct rec_writer *w, const char *kind, const char *tool,
               const struct rec_reader *from, struct err *e) MUST_CHECK;
/* Instead: the header that `from` has, as it is. For a stream that goes on with
 * what an earlier process of this program wrote. */
int rec_header_copy(struct rec_writer *w, const struct rec_reader *from,
                    struct err *e) MUST_CHECK;
/* Before rec_header: an argument that determines the bytes. Never a time, a
 * host, a path outside the tree, a thread count or a batch size. A key given
 * twice, or "tool", makes rec_header fail. */
void rec_made_by(struct rec_writer *w, const char *key, const char *value);
/* Written, and flushed through to a reader that waits for it, unless rec_hold
 * was called. A record of any reader or of rec_new. */
int rec_write(struct rec_writer *w, const struct rec *r,
              struct err *e) MUST_CHECK;
/* From here on records for a waiting reader go together, which wakes it less
 * often: rec_write keeps them for REC_HOLD_MS at most, and no more of them than
 * REC_HOLD_BYTES, so that the programs of a pipe work at the same time. A program
 * that waits or computes for longer calls rec_flush before. rec_commit and
 * rec_abort flush too. */
enum { REC_HOLD_MS = 2, REC_HOLD_BYTES = 12 * 1024 };
void rec_hold(struct rec_writer *w);
/* What rec_write keeps goes to the reader; due: only if it is REC_HOLD_MS old. */
int rec_flush(struct rec_writer *w, int due, struct err *e) MUST_CHECK;
/* As file_is_direct: somebody may be reading it. */
int rec_is_direct(const struct rec_writer *w);
/* End record, flush, fsync, rename. *w becomes NULL, on error too. */
int rec_commit(struct rec_writer **w, struct err *e) MUST_CHECK;
/* One record alone, as a line of JSON; for what is no stream (--plan). */
int rec_print(const struct rec *r, const char *path, struct err *e) MUST_CHECK;
/* Drop an unfinished output; NULL is accepted. Standard output gets the records
 * kept and nothing more: the missing end record tells the reader. */
void rec_abort(struct rec_writer **w);

#endif
