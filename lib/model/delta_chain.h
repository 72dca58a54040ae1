/* delta_chain - what delta.c and delta_make.c share; internal to lib/model */
#ifndef ULP_MODEL_DELTA_CHAIN_H
#define ULP_MODEL_DELTA_CHAIN_H
#include "../base/file.h"

#define DELTA_MAGIC "ulp delta 1\n"
#define DELTA_MODEL "model.safetensors"

/* Where the values of a safetensors file lie, in runs of one tensor: a chunk of
 * the delta each. */
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

/* The weights of DIR, which has a delta, in new memory (file_unmap). `avoid`: a
 * path as realpath gives it that no further link may be, or NULL. */
int delta_rebuild(struct filemap *m, const char *dir, const char *avoid,
                  struct err *e) MUST_CHECK;

#endif
