/* codec - the compression of a page */
#include "codec.h"
#include <limits.h>
#include <snappy-c.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

/* CompressionCodec of parquet.thrift */
enum { UNCOMPRESSED, SNAPPY, GZIP, LZO, BROTLI, LZ4, ZSTD, LZ4_RAW, CODECS };

int codec_check(int codec, const char *name, struct err *e)
{
    static const char *const names[CODECS] = {[LZO] = "LZO",
                                              [BROTLI] = "BROTLI",
                                              [LZ4] = "LZ4",
                                              [LZ4_RAW] = "LZ4_RAW"};

    if (codec < 0 || codec >= CODECS)
        return err_set(e, ERR_DATA, "%s: codec %d is not known", name, codec);
    if (names[codec])
        return err_set(e, ERR_DATA,
                       "%s: is compressed with %s, which is not "
                       "read (snappy, gzip, zstd are)",
                       name, names[codec]);
    return 0;
}

/* A page may hold several gzip members. */
static int gunzip(const uint8_t *in, size_t n, uint8_t *out, size_t n_out)
{
    z_stream z = {0};
    int r;

    if (n > UINT_MAX || n_out > UINT_MAX || inflateInit2(&z, 15 + 32) != Z_OK)
        return -1;
    z.next_in = (uint8_t *)(uintptr_t)in;
    z.avail_in = (unsigned)n;
    z.next_out = out;
    z.avail_out = (unsigned)n_out;
    while ((r = inflate(&z, Z_FINISH)) == Z_STREAM_END && z.avail_in &&
           inflateReset(&z) == Z_OK)
        ;
    inflateEnd(&z);
    return r == Z_STREAM_END && !z.avail_out ? 0 : -1;
}

int codec_decompress(int codec, const uint8_t *in, size_t n, uint8_t *out,
                     size_t n_out)
{
    size_t k = n_out;

    if (!n_out) /* some writers then store nothing at all */
        return 0;
    switch (codec) {
    case SNAPPY:
        return snappy_uncompressed_length((const char *)in, n, &k) ==
                           SNAPPY_OK &&
                       k == n_out &&
                       snappy_uncompress((const char *)in, n, (char *)out,
                                         &k) == SNAPPY_OK
                   ? 0
                   : -1;
    case GZIP:
        return gunzip(in, n, out, n_out);
    case ZSTD:
        k = ZSTD_decompress(out, n_out, in, n);
        return !ZSTD_isError(k) && k == n_out ? 0 : -1;
    default:
        if (n != n_out)
            return -1;
        memcpy(out, in, n);
        return 0;
    }
}
