/* hash - content digests (XXH64 and XXH3-128 of libxxhash; not cryptographic)
 *
 * Used for the checksum in a stream's end record, for model digests, and for
 * turning a prompt id into the 64-bit number that seeds its samples.
 */
#ifndef ULP_BASE_HASH_H
#define ULP_BASE_HASH_H
#include <stddef.h>
#include <stdint.h>
#include "err.h"

struct hash;

uint64_t hash_bytes(const void *p, size_t n); /* XXH64, seed 0 */
struct hash *hash_open(void);                 /* streaming XXH64 */
void hash_update(struct hash *h, const void *p, size_t n);
uint64_t hash_value(const struct hash *h);
void hash_close(struct hash **h);

/* 32 hex digits of XXH3-128 over the bytes, NUL-terminated in out[33]. */
void hash_hex128(const void *p, size_t n, char out[33]);
struct hash128;
struct hash128 *hash128_open(void); /* the same, streaming */
void hash128_update(struct hash128 *h, const void *p, size_t n);
void hash128_hex(const struct hash128 *h, char out[33]);
void hash128_close(struct hash128 **h);
/* The same over a whole file (mapped). */
int hash_file_hex128(const char *path, char out[33], struct err *e) MUST_CHECK;

#endif
