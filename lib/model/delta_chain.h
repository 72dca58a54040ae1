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

/* The first bytes of a delta file; the digit is the version of its format. */
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

/* The runs of the safetensors file mapped at m; path is for messages.
 * layout_close frees them; on error there are none. */
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

/* delta_pieces_open of DIR/STEM.delta, which is there. avoid: see above. */
struct delta_pieces;
int delta_pieces_of(struct delta_pieces **d, const char *dir, const char *stem,
                    const char *avoid, struct err *e) MUST_CHECK;
/* Run i of the layout into `to`. Returns 0, or that it makes no sense; the
 * threads have a coder each. */
struct delta_coder;
size_t delta_decode_run(const struct delta_pieces *d, struct delta_coder *coder,
                        size_t i, uint8_t *to) MUST_CHECK;
/* The error of a run for which delta_decode_run gave `bad`. */
int delta_damage(const struct delta_pieces *d, size_t bad, struct err *e);

#endif
