/* delta - a checkpoint's weights kept as the exact difference to its successor
 *
 * DIR/model.delta stands in for DIR/model.safetensors; the successor's weights
 * are a file, or again a delta: a chain, whose last directory has all weights.
 * Both files have the same tensors, types and shapes. Of weights in shards each
 * DIR/STEM.safetensors has its own DIR/STEM.delta, to the successor's file of
 * that name.
 *
 *   "ulp delta 4\n", u32 length of the JSON, the JSON, runs, 32 hex digits
 *
 * The JSON: size and digest (XXH3-128) of the STEM.safetensors that it stands
 * for, the digest of that up to its data (head), the path of the successor's
 * directory from DIR, and the digest of its STEM.safetensors. A run: the digest
 * of its values as 32 hex digits, and a chunk as in delta_code.h. The digits at
 * the end are the digest of all before them. So the weights that come out are
 * held against digests run by run, in any order, and their bytes against the
 * digest of the whole only once, when the delta is made. Numbers are little-endian. Threads code and
 * decode chunks; the bytes do not depend on their number.
 */
#ifndef ULP_MODEL_DELTA_H
#define ULP_MODEL_DELTA_H
#include "../base/file.h"

/* DIR/STEM.delta of DIR/STEM.safetensors, to be freed; NULL of another name. */
char *delta_path(const char *path);
/* 1: the file at path is not there, and a delta is in its place. */
int delta_stands_for(const char *path);

/* Its bytes, without a copy of the whole. */
struct delta_pieces;
/* *d is NULL where the file is there, or neither. It is to be closed. */
int delta_pieces_open(struct delta_pieces **d, const char *path,
                      struct err *e) MUST_CHECK;
void delta_pieces_close(struct delta_pieces **d); /* accepts NULL */
/* The file at the chain's end: the same size and header, other data. */
const struct filemap *delta_pieces_base(const struct delta_pieces *d);
/* Of the whole file, as the delta has it. */
const char *delta_pieces_digest(const struct delta_pieces *d);
/* Bytes of the file's data from byte `at` of the file on: *n, or as many as
 * there are in its run. Of all *n the next runs are decoded with it, by threads.
 * They last until the next call; one thread at a time. They count only when
 * delta_pieces_check has found no damage after it. */
const void *delta_piece(struct delta_pieces *d, size_t at, size_t *n);
int delta_pieces_check(const struct delta_pieces *d, struct err *e) MUST_CHECK;
/* Decodes every run, and then that. */
int delta_pieces_check_all(struct delta_pieces *d, struct err *e) MUST_CHECK;

/* Replaces DIR/model.safetensors, or the shards of DIR's index, by deltas to
 * those of `successor`. What was written is decoded and compared before a file
 * is removed. What was killed is taken up where it had come to. */
int delta_make(const char *dir, const char *successor,
               struct err *e) MUST_CHECK;
/* The other way round. */
int delta_expand(const char *dir, struct err *e) MUST_CHECK;

#endif
