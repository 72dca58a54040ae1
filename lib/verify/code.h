/* code - is this model-written Python function right?
 *
 * A verdict is reached by two processes that share nothing but a socket:
 *
 *   U  runs the model's program: defines it, calls its function, sends back
 *      what the call gave, as plain data.
 *   T  runs the task's test. Its `candidate` is a stand-in that sends the
 *      arguments to U and rebuilds the answer from the plain data it reads.
 *      When the test has run to its end, T writes a nonce that was drawn for
 *      this item alone.
 *
 * Threat model. The program may do whatever Python can: it is taken to be
 * written by someone who wants a pass without solving the task, wants to
 * spoil or read another item, or wants out. It never runs in T, so sys.exit,
 * patched builtins, a replaced check, objects with a false __eq__, printed
 * guesses and walks through frames have nothing to act on: all that U can do
 * to the verdict is to answer calls. The test's text, the expected values and
 * the nonce are never in U. The test and the prompt come from the task's file
 * and are believed to be honest, but are run inside a sandbox too.
 *
 * U and T each live in a bubblewrap sandbox of their own (sandbox.h). In each
 * a warm interpreter is the first process of its pid namespace; it forks once
 * per item and does not read what the item says. Between items every process
 * of the item is killed; a sandbox in which the item left a file, or that had
 * to be stopped, is thrown away and a new one made. Where the sandbox cannot
 * be made, code_open fails; nothing ever runs outside it.
 *
 * Rules that a test can meet:
 * - Arguments are passed by value: the test does not see them change.
 * - Plain data is None, bool, int, float, complex, str, bytes, list, tuple,
 *   dict, set, frozenset, range, Fraction, Decimal; a subclass counts as its
 *   base, an iterator becomes an iterator over its first 100,000 items, any
 *   other object becomes one that equals nothing. A test that passes other
 *   data to the function is CODE_ERROR.
 * - An exception of the function is raised in the test as its nearest
 *   built-in class. sys.exit and the like count as RuntimeError.
 * - A test that never calls the function, or does not compile, is CODE_ERROR.
 * - An item with the texts of the one before it has its verdict, and is not
 *   run: samples of a question often are the same.
 * - Only the standard library is there. `random` is seeded alike for every
 *   item and the hash seed is 0, so that a verdict does not depend on chance.
 */
#ifndef ULP_VERIFY_CODE_H
#define ULP_VERIFY_CODE_H
#include <stddef.h>
#include "../base/err.h"

struct code_opts {
    int workers; /* items judged at once, at most; 0 = one per CPU, up to 16 */
    double wait_s;      /* that an item may wait: no process of it runs, or
                         * would if the machine were free; 0 = 10 */
    double cpu_s;       /* for the program, and for the test: of each process,
                         * and of all together; 0 = 5; rounded up */
    size_t mem_bytes;   /* address space of a process, and the memory cgroup
                         * where one can be made; 0 = 1 GiB */
    const char *bwrap;  /* NULL = "bwrap", found in PATH */
    const char *python; /* NULL = "/usr/bin/python3" */
};

struct code_item {
    const char *prompt;
    size_t n_prompt;
    const char *response;
    size_t n_response;
    const char *test;
    size_t n_test;
    const char *entry_point; /* the function's name */
};

enum code_status {
    CODE_OK,        /* decided: passed is 0 or 1 */
    CODE_NO_ANSWER, /* the response holds nothing that could be a program */
    CODE_TIMEOUT,   /* stopped at a limit on CPU time or waiting */
    CODE_ERROR      /* no verdict: the test or the sandbox is at fault */
};

struct code_verdict {
    int passed;
    enum code_status status;
    char detail[256]; /* one line: why not; "" for a pass */
};

struct code_verifier;

/* Starts the first worker's sandboxes and waits until they are ready (about 0.1
 * s); o may be NULL. Others start while items wait. On failure the message tells why none can be made. */
int code_open(struct code_verifier **v, const struct code_opts *o,
              struct err *e) MUST_CHECK;
void code_close(struct code_verifier **v);

/* A stream of items: submit copies the item and returns at once, or waits
 * while code_room() is 0; collect gives verdicts in the order of submission
 * and waits for the oldest: 1 = *out is set, 0 = none is outstanding. Items
 * are judged, and their clocks run, whatever the caller does meanwhile. One
 * caller thread. */
int code_submit(struct code_verifier *v, const struct code_item *item,
                struct err *e) MUST_CHECK;
int code_collect(struct code_verifier *v, struct code_verdict *out);
int code_outstanding(struct code_verifier *v); /* submitted, not collected */
int code_room(struct code_verifier *v); /* items that submit takes at once */

/* 0, or negative with the reason when a sandbox that was thrown away could
 * not be made again; from then on every verdict is CODE_ERROR. */
int code_health(struct code_verifier *v, struct err *e);

/* The program in a response; code_extract.c has the rules. What it holds
 * besides (prose, prints, checks) is left out where it is run
 * (code_program.py). All texts are NUL-terminated and belong to the program.
 * code_extract returns 1, or 0 when there is no program. */
struct code_block {
    char *s;
    size_t n;
};

struct code_program {
    const char *rule; /* "fenced", "completion", "function"; static */
    int continues;    /* program is prompt + response, prelude included */
    int loose;        /* program has prose in it, or behind it */
    struct code_block prelude; /* what the prompt has before the function:
                                * imports and helpers; may be empty */
    struct code_block program;
    struct code_block *others; /* the response's other fenced blocks: those
                                * before the program, the nearest first, then
                                * those behind it */
    int n_others;
};
int code_extract(const struct code_item *item, struct code_program *p);
void code_program_free(struct code_program *p);

#endif
