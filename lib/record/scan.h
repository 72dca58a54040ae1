/* scan - find the end of a msgpack object without building it
 *
 * Works on a prefix and goes on where it stopped when more bytes are there.
 * Every length is held against REC_MAX_BYTES before anything is allocated for
 * it; nesting is bounded; ext types are refused.
 */
#ifndef ULP_RECORD_SCAN_H
#define ULP_RECORD_SCAN_H
#include <stddef.h>
#include <stdint.h>

/* Limits of one object: its bytes, and levels of nesting. */
enum { REC_MAX_BYTES = 64 << 20, REC_MAX_DEPTH = 30 };

struct scan {
    size_t at; /* bytes understood so far; the object's size at the end */
    int depth;
    uint64_t left[REC_MAX_DEPTH + 1]; /* objects still to come, per level */
    const char *why;
};

/* Before the first byte of an object. */
void scan_begin(struct scan *s);
/* p: the object's bytes from its first, n of them there. 1: complete, s->at
 * bytes long; 0: more bytes are needed; -1: refused, s->why says for what. */
int scan_run(struct scan *s, const char *p, size_t n);

#endif
