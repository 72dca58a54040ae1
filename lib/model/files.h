/* files - a model's tensors in safetensors files, found and checked
 *
 * The compute weights (weights.c), the master weights and the optimizer's state
 * (lib/train/adamw_files.c) are read through this.
 */
#ifndef ULP_MODEL_FILES_H
#define ULP_MODEL_FILES_H
#include "../arch/params.h"
#include "safetensors.h"

/* Opens the file or folder. It has, for each of n prefixes, every tensor of p
 * under PREFIXNAME with its shape; and nothing else, but rotary buffers and a
 * tied model's head if it is the embedding. Errors name the tensor; *f is then
 * NULL. Values are read with st_piece. To be closed with st_close. */
int model_files(struct st_file **f, const char *path, const struct params *p,
                const char *const *prefix, int n, struct err *e) MUST_CHECK;
/* A tensor of such a file. */
const struct st_tensor *model_tensor(const struct st_file *f,
                                     const char *prefix, const struct param *q);

#endif
