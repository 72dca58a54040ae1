/* err - how libraries report failure
 *
 * Every fallible function in lib/ and kernels/ returns 0 (or a non-negative
 * value it documents) on success and a negative ERR_* code on failure, and
 * then fills the caller's struct err. Libraries never print and never exit:
 * only a program's main turns an err into a message and an exit status.
 * A message names the input, the record or field, what was found and what was
 * expected; the program's name is put before it by main.
 */
#ifndef ULP_BASE_ERR_H
#define ULP_BASE_ERR_H

/* On a declaration: the compiler warns when the result is dropped, or the
 * arguments do not fit the format. */
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* The magnitudes are the exit statuses of the programs. */
enum { ERR_IO = 1, ERR_USAGE = 2, ERR_DATA = 3 };

struct err {
    int code; /* 0, or one of ERR_* */
    char msg[1024];
    int no_memory;   /* memory ran out: fewer things at a time may help */
    int reader_left; /* the output's pipe is closed: no fault, nothing to say */
};

/* Fill *e (which may be NULL) and return -code. */
int err_set(struct err *e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Like err_set, with ": strerror(errno)" appended. */
int err_errno(struct err *e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Like err_set with ERR_IO, and says that memory ran out. */
int err_memory(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Put the text after the message already in *e; returns -e->code. */
int err_suffix(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Put "prefix: " before the message already in *e; returns -e->code. */
int err_prefix(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
