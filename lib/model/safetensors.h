/* safetensors - the Hugging Face weight file, mapped for reading
 *
 * A malformed file (short header, overlapping or out-of-range offsets, wrong
 * type or shape, duplicate key) is refused with file and tensor named.
 */
#ifndef ULP_MODEL_SAFETENSORS_H
#define ULP_MODEL_SAFETENSORS_H
#include <stddef.h>
#include <stdint.h>
#include "../base/err.h"
#include "../../kernels/kernels.h"

struct st_tensor {
    const char *name;
    enum dtype type;
    int n_dims;
    int64_t dims[4];
    size_t n;         /* values */
    const void *data; /* into the map (or a copy of what lies unaligned), or
                         NULL: st_piece has them */
    struct delta_pieces *delta; /* for st_piece: NULL, or where the data is, */
    size_t at;                  /* from this byte of its file on */
    const char *file;           /* for messages */
};
struct st_file;

/* One file, or DIR holding model.safetensors, model.delta (delta.h: of that
 * nothing is in memory but some of what was read last), or
 * model.safetensors.index.json with its shards. */
int st_open(struct st_file **f, const char *path, struct err *e) MUST_CHECK;
/* Values of t from the number `first` on: *n, or fewer, at least one. They last until
 * the next call for a tensor of this file; one thread at a time. */
const void *st_piece(const struct st_tensor *t, size_t first, size_t *n);
/* All values of t: where they are, or in new memory, which *copy is then,
 * to be freed. One thread at a time, as st_piece. */
const void *st_values(const struct st_tensor *t, void **copy);
/* The files are held against their digests (lib/base/digests.h) by a thread
 * that begins with st_open. Waits for it; a damaged file is the error. What was
 * read counts only after this or st_close. */
int st_check(struct st_file *f, struct err *e) MUST_CHECK;
/* st_check, and closes *f (NULL is accepted) at the end of a reading that gave
 * r: where no file is damaged, r is returned. */
int st_close(struct st_file **f, int r, struct err *e) MUST_CHECK;
size_t st_count(const struct st_file *f);
const struct st_tensor *st_at(const struct st_file *f, size_t i);
const struct st_tensor *st_find(const struct st_file *f, const char *name);
/* 32 hex digits over names, types, shapes and data, in order of names. */
void st_digest(const struct st_file *f, char out[33]);
/* The same while somebody reads f's tensors in order of names, and the values of
 * each in order; what is left out is read for it. */
struct st_sum;
struct st_sum *st_sum_open(const struct st_file *f);
/* st_piece. */
const void *st_sum_piece(struct st_sum *x, const struct st_tensor *t,
                         size_t first, size_t *n);
/* out: the digest, or NULL. Accepts NULL. */
void st_sum_close(struct st_sum **x, char out[33]);

/* Writer: declare all tensors, then give their data in the same order. */
struct st_writer;
int st_create(struct st_writer **w, const char *path, struct err *e) MUST_CHECK;
int st_declare(struct st_writer *w, const char *name, enum dtype type,
               int n_dims, const int64_t *dims, struct err *e) MUST_CHECK;
int st_put(struct st_writer *w, const void *data, size_t bytes,
           struct err *e) MUST_CHECK;
/* digest: 32 hex digits of the file's bytes, as in lib/base/digests.h; or
 * NULL. */
int st_commit(struct st_writer **w, char digest[33], struct err *e) MUST_CHECK;
void st_abort(struct st_writer **w);

#endif
