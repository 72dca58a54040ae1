/* where_impl - the tree of a condition, from its parser to its evaluation */
#ifndef ULP_RECORD_WHERE_IMPL_H
#define ULP_RECORD_WHERE_IMPL_H
#include "where.h"

/* Nodes: logic, comparisons, constants, a field, len(FIELD). */
enum where_op {
    W_OR,
    W_AND,
    W_NOT,
    W_EQ,
    W_NE,
    W_LT,
    W_LE,
    W_GT,
    W_GE,
    W_NULL,
    W_NUMBER,
    W_STRING,
    W_FIELD,
    W_LEN
};

struct where_node {
    enum where_op op;
    int a, b; /* operands: numbers of nodes */
    long double number;
    char *s; /* of a string or the path of a field, n bytes and a NUL */
    size_t n;
    int known; /* the field was seen, or is compared with null */
};

/* All nodes of a condition, the root among them; owned. */
struct where {
    struct where_node *node;
    int n, cap, root;
};

#endif
