/* delta - a checkpoint's weights kept as the exact difference to its successor
 *
 * DIR/model.delta stands in for DIR/model.safetensors; the successor's weights
 * are a file, or again a delta: a chain, whose last directory has all weights.
 * Both files have the same tensors, types and shapes.
 *
 *   "ulp delta 1\n", u32 length of the JSON, the JSON, chunks, 32 hex digits
 *
 * The JSON: size and digest (XXH3-128) of the model.safetensors that it stands
 * for, the path of the successor's directory from DIR, and the digest of its
 * model.safetensors. The digits at the end are the digest of all before them.
 * delta_code.h has the chunks. Numbers are little-endian.
 */
#ifndef ULP_MODEL_DELTA_H
#define ULP_MODEL_DELTA_H
#include "../base/file.h"

#define DELTA_FILE "model.delta"

/* 1: the file at path is not there, its name is model.safetensors, and its
 * directory has a delta. */
int delta_stands_for(const char *path);
/* Maps the file at path; where a delta stands for it, its bytes, rebuilt in
 * memory and checked against the digests of the chain. A link that is missing
 * or damaged is the error, named. */
int delta_map(struct filemap *m, const char *path, struct err *e) MUST_CHECK;

/* Replaces DIR/model.safetensors by a delta to the model of `successor`, which
 * is read back and compared before the file is removed. */
int delta_make(const char *dir, const char *successor,
               struct err *e) MUST_CHECK;
/* The other way round. */
int delta_expand(const char *dir, struct err *e) MUST_CHECK;

#endif
