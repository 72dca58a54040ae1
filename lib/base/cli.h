/* cli - one table that parses a command line and writes its --help
 *
 * A program declares a struct cli and an array of struct opt ending in
 * {0}; groups of options shared between programs are arrays of their own and
 * are chained through CLI_GROUP. --help and --version exist everywhere.
 * Long options take "--name value" or "--name=value"; "-o FILE" style short
 * ones "-o FILE". "--" ends options. A repeated option's last value wins,
 * except OPT_LIST, which appends.
 */
#ifndef ULP_BASE_CLI_H
#define ULP_BASE_CLI_H
#include <stdint.h>
#include <stdio.h>
#include "buf.h"
#include "err.h"

enum opt_type {
    OPT_END = 0,
    OPT_FLAG,   /* int *: set to 1 */
    OPT_STR,    /* const char **: borrowed from argv */
    OPT_INT,    /* int *: in [min, max] */
    OPT_U64,    /* uint64_t * */
    OPT_F64,    /* double *: finite, in [min, max] */
    OPT_F64_0,  /* the same, or 0 */
    OPT_SIZE,   /* uint64_t *: bytes; K, M, G, T stand for powers of 1024 */
    OPT_LIST,   /* struct cli_list * */
    OPT_KNOWN,  /* struct cli_known *: a string; "help" lists what there is */
    OPT_GROUP,  /* const struct opt *: another array, shown in place */
    OPT_HEADING /* help: a heading line in --help */
};

/* A number that is a macro, in a help text. */
#define CLI_TEXT(x) CLI_TEXT_OF(x)
#define CLI_TEXT_OF(x) #x

/* What --version prints. */
#define ULP_VERSION "0.2.0"
/* Values of an OPT_LIST in the order given, borrowed from argv. One more than
 * CLI_LIST_MAX is a usage error. */
#define CLI_LIST_MAX 64
struct cli_list {
    int n;
    const char *v[CLI_LIST_MAX];
};

/* A string out of a language that the program can explain. */
struct cli_known {
    const char **dst;
    void (*help)(struct buf *out);
};

struct opt {
    enum opt_type type;
    const char *name; /* long name without dashes */
    char short_name;  /* or 0 */
    void *dst;        /* holds the default before parsing */
    const char *arg;  /* what the value is called in help: "FILE" */
    const char *help; /* one sentence; the default is appended by --help */
    double min, max;  /* for OPT_INT and OPT_F64; both 0 = unbounded */
};

struct cli {
    const char *name;    /* "kl" */
    const char *purpose; /* one line */
    const char *usage;   /* after the name: "[options] < responses" */
    const char *details; /* paragraphs: reads, writes, exit codes; or NULL */
    const char *example; /* one or more command lines, or NULL */
    const char *see_also;
    const struct opt *opts;
    int min_args, max_args; /* positional arguments */
};

/* "a,b" into a list of names, each borrowed from a copy that lives on. */
int cli_split(struct cli_list *l, const char *text, const char *shown,
              struct err *e) MUST_CHECK;

enum { CLI_RUN = 0, CLI_HELP = 1, CLI_VERSION = 2, CLI_KNOWN = 3 };
/* Returns CLI_RUN, CLI_HELP, CLI_VERSION or CLI_KNOWN (an OPT_KNOWN was given
 * "help": cli_known says it), or -ERR_USAGE. *args is set to
 * the positional arguments (borrowed from argv, n_args of them). */
int cli_parse(const struct cli *c, int argc, char **argv, char ***args,
              int *n_args, struct err *e) MUST_CHECK;
/* Each writes what --help, --version or "help" for an OPT_KNOWN asked for. */
void cli_help(const struct cli *c, FILE *out);
void cli_version(const struct cli *c, FILE *out);
void cli_known(const struct cli *c, FILE *out);

#endif
