/* delta_chain - links of differences, from the nearest to the farthest
 *
 * A link is one file DIR/STEM.delta, which stands for DIR/STEM.safetensors; its
 * successor's file has the same stem. Internal to lib/model.
 */
#ifndef ULP_MODEL_DELTA_CHAIN_H
#define ULP_MODEL_DELTA_CHAIN_H
#include <jansson.h>
#include "../base/file.h"

enum { DELTA_HEX = 32 }; /* digits of a digest */

#define DELTA_MAGIC "ulp delta 4\n"

/* Where the values of a safetensors file lie, in runs of one width, whichever
 * tensors they belong to: a chunk of the delta each. */
struct span {
    size_t at, n; /* bytes from the file's start; values, DELTA_CHUNK at most */
    int width;    /* bytes a value */
};
struct layout {
    size_t head; /* bytes before the data */
    struct span *v;
    size_t n;
};

int layout_of(struct layout *l, const struct filemap *m, const char *path,
              struct err *e) MUST_CHECK;
void layout_close(struct layout *l);
/* Runs are worked on in batches of so few bytes that all passes over one find
 * it in the cache. Of the batch that begins with run `first`: the run after its
 * last; *end: where it ends in a file of `size` bytes, the next batch begins. */
size_t layout_batch(const struct layout *l, size_t first, size_t size,
                    size_t *end);

struct link {
    char *dir, *path; /* of its delta */
    struct filemap map;
    json_t *head;
    size_t size; /* of the weights' file */
    /* in head; head_digest: of the weights' file before its data */
    const char *digest, *head_digest, *successor, *successor_digest;
    size_t at, end; /* chunks in map */
};

struct chain {
    struct link *v;
    size_t n;
    char *base; /* the last one's STEM.safetensors */
};

/* "DIR/STEM" and an ending: ".delta", ".safetensors"; the caller frees it. */
char *delta_file_of(const char *dir, const char *stem, const char *ending);

/* All links from DIR on, each against its digest and the one before. `avoid`: a
 * path as realpath gives it that no further link may be, or NULL. c is to be
 * closed, after an error too. */
int chain_open(struct chain *c, const char *dir, const char *stem,
               const char *avoid, struct err *e) MUST_CHECK;
void chain_close(struct chain *c);
/* The error that a link's bytes make no sense. */
int chain_damaged(const struct link *x, const char *what, struct err *e);

/* The weights of DIR, which has the delta, in new memory (file_unmap), and
 * their digest. */
int delta_rebuild(struct filemap *m, const char *dir, const char *stem,
                  const char *avoid, char digest[33], struct err *e) MUST_CHECK;

#endif
