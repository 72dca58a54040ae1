/* delta - a checkpoint's weights kept as the exact difference to its successor
 *
 * DIR/model.delta stands in for DIR/model.safetensors; the successor's weights
 * are a file, or again a delta: a chain, whose last directory has all weights.
 * Both files have the same tensors, types and shapes. Of weights in shards each
 * DIR/STEM.safetensors has its own DIR/STEM.delta, to the successor's file of
 * that name.
 *
 *   "ulp delta 3\n", u32 length of the JSON, the JSON, chunks, 32 hex digits
 *
 * The JSON: size and digest (XXH3-128) of the STEM.safetensors that it stands
 * for, the path of the successor's directory from DIR, and the digest of its
 * STEM.safetensors. The digits at the end are the digest of all before them.
 * delta_code.h has the chunks. Numbers are little-endian. Threads code and
 * decode chunks; the bytes do not depend on their number.
 */
#ifndef ULP_MODEL_DELTA_H
#define ULP_MODEL_DELTA_H
#include "../base/file.h"

/* DIR/STEM.delta of DIR/STEM.safetensors, to be freed; NULL of another name. */
char *delta_path(const char *path);
/* 1: the file at path is not there, and a delta is in its place. */
int delta_stands_for(const char *path);
/* Maps the file at path, and *digest is empty; where a delta stands for it, its
 * bytes, rebuilt in memory, and their digest, which is that of the chain. A link
 * that is missing or damaged is the error, named. */
int delta_map(struct filemap *m, const char *path, char digest[33],
              struct err *e) MUST_CHECK;

/* Replaces DIR/model.safetensors, or the shards of DIR's index, by deltas to
 * those of `successor`. What was written is decoded and compared before a file
 * is removed. */
int delta_make(const char *dir, const char *successor,
               struct err *e) MUST_CHECK;
/* The other way round. */
int delta_expand(const char *dir, struct err *e) MUST_CHECK;

#endif
