/* st_impl - what safetensors.c and st_header.c share
 *
 * Internal to lib/model.
 */
#ifndef ULP_MODEL_ST_IMPL_H
#define ULP_MODEL_ST_IMPL_H
#include "../base/digests.h"
#include "delta.h"
#include "safetensors.h"

/* Dimensions of a tensor, at most. */
#define ST_MAX_DIMS 4

struct shard {
    struct filemap map;
    char *path;
    char digest[33]; /* of what a delta gave; empty: not taken yet */
    struct delta_pieces
        *delta; /* read in pieces: map is its base's, and its own */
};

struct entry {
    struct st_tensor t; /* first: its address is the entry's */
    char *name;
    void *copy; /* of data that lies unaligned in the file */
    size_t begin, end;
};

struct st_file {
    struct entry *v; /* in order of names once open */
    size_t n, cap;
    struct shard *shards;
    size_t n_shards;
    struct digest_check *check; /* of the shards, beside their reading */
};

/* The files of a directory's weights, without ".safetensors": "model", or what
 * its index names. */
struct st_stems {
    char **v;
    size_t n;
};
int st_stems(struct st_stems *s, const char *dir, struct err *e) MUST_CHECK;
void st_stems_free(struct st_stems *s);

/* Adds the tensors of a mapped file to f, checked, in order of their data.
 * Names of files are borrowed from s. */
int st_add_mapped(struct st_file *f, const struct shard *s,
                  struct err *e) MUST_CHECK;

#endif
