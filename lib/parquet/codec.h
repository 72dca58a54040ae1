/* codec - the compression of a page */
#ifndef ULP_PARQUET_CODEC_H
#define ULP_PARQUET_CODEC_H
#include <stddef.h>
#include <stdint.h>
#include "../base/err.h"

/* 0; an error that names the codec when it is none of those that are read:
 * uncompressed, snappy, gzip, zstd. */
int codec_check(int codec, const char *name, struct err *e) MUST_CHECK;
/* Exactly n_out bytes come out, else the page is damaged: -1. */
int codec_decompress(int codec, const uint8_t *in, size_t n, uint8_t *out,
                     size_t n_out) MUST_CHECK;

#endif
