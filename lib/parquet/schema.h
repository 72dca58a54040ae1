/* schema - the columns of a Parquet file, as a tree
 *
 * Source: github.com/apache/parquet-format, parquet.thrift (SchemaElement),
 * LogicalTypes.md, and its rules for lists of two levels from older writers.
 */
#ifndef ULP_PARQUET_SCHEMA_H
#define ULP_PARQUET_SCHEMA_H
#include "../base/err.h"
#include "thrift.h"

#define SCHEMA_MAX 4096 /* elements of a schema */
#define SCHEMA_DEPTH 32 /* levels of nesting */

/* Physical types of parquet.thrift. */
enum physical {
    P_BOOLEAN,
    P_INT32,
    P_INT64,
    P_INT96,
    P_FLOAT,
    P_DOUBLE,
    P_BYTE_ARRAY,
    P_FIXED,
    P_TYPES
};

/* What a node becomes in a row. */
enum kind {
    KIND_STRUCT,
    KIND_LIST,
    KIND_MAP,  /* groups */
    KIND_NULL, /* a column without any value */
    KIND_BOOL,
    KIND_INT,
    KIND_UINT,
    KIND_FLOAT,
    KIND_DOUBLE,
    KIND_DECIMAL,
    KIND_TEXT,
    KIND_JSON,
    KIND_UNREAD /* `unread` names the type */
};

/* FieldRepetitionType of parquet.thrift. */
enum repetition { REQUIRED, OPTIONAL, REPEATED };

struct node {
    char *name;
    char path[128]; /* "prompt.list.element.content", for messages; cut */
    enum kind kind;
    enum physical physical; /* of a leaf */
    int width;              /* bytes of a P_FIXED */
    int scale;              /* digits behind the point of a decimal */
    enum repetition repetition;
    int def, rep;             /* levels at which the node itself is there */
    int n_children, parent;   /* parent -1: the root */
    int first_leaf, n_leaves; /* of this node and below, in file order */
    int next;                 /* the node behind this one's last descendant */
    int wanted;               /* its top-level column is */
    const char *unread;       /* name of a type that is not read, or NULL */
};

struct schema {
    struct node *node; /* depth first; node[0] is the root */
    int n;
    int *leaf; /* node numbers of the leaves */
    int n_leaves;
};

/* The list of SchemaElements that t stands before, n of them. */
int schema_read(struct schema *s, struct thrift *t, size_t n, const char *name,
                struct err *e) MUST_CHECK;
void schema_free(struct schema *s);
/* Of the top-level columns, keep those in `fields` (names match in any case;
 * NULL keeps all). A kept column of a type that is not read is an error. */
int schema_select(struct schema *s, const char *const *fields, const char *name,
                  struct err *e) MUST_CHECK;

#endif
