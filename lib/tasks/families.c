/* families - one function a form; each shows its steps, then \boxed{answer}
 *
 * The steps are short equations, so that a small model can learn them one at
 * a time and a sampled mistake in any of them makes the answer wrong. Where
 * there are two, the hasty answer stops after the first.
 */
#include "families.h"
#include <stdio.h>
#include <stdlib.h>

#define PROMPT(...) snprintf(s->prompt, sizeof s->prompt, __VA_ARGS__)
#define RESPONSE(...) snprintf(s->response, sizeof s->response, __VA_ARGS__)
#define ANSWER(...) snprintf(s->answer, sizeof s->answer, __VA_ARGS__)
#define HASTY(...) snprintf(s->hasty, sizeof s->hasty, __VA_ARGS__)

/* a op b */
static int value(int a, char op, int b)
{
    return op == '+' ? a + b : op == '-' ? a - b : op == '*' ? a * b : a / b;
}

/* "a op b=v. \boxed{v}" */
static void one_step(struct sample *s, int a, char op, int b)
{
    int v = value(a, op, b);

    RESPONSE("%d%c%d=%d. \\boxed{%d}", a, op, b, v, v);
    ANSWER("%d", v);
}

/* "a op b=u, left op2 right=v. \boxed{v}", where u is left or right. */
static void two_steps(struct sample *s, int a, char op, int b, int left,
                      char op2, int right)
{
    int u = value(a, op, b), v = value(left, op2, right);

    RESPONSE("%d%c%d=%d, %d%c%d=%d. \\boxed{%d}", a, op, b, u, left, op2, right,
             v, v);
    HASTY("%d%c%d=%d. \\boxed{%d}", a, op, b, u, u);
    ANSWER("%d", v);
}

/* The same with u on the left. */
static void go_on(struct sample *s, int a, char op, int b, char op2, int c)
{
    two_steps(s, a, op, b, value(a, op, b), op2, c);
}

/* ---- dm: the training form ------------------------------------------- */

static void dm_expression(struct rng *r, struct sample *s)
{
    int a = rng_range(r, 2, 19), b = rng_range(r, 2, 19), c;

    switch (rng_below(r, 4)) {
    case 0:
        PROMPT("Compute %d+%d.", a, b);
        one_step(s, a, '+', b);
        return;
    case 1:
        c = rng_range(r, 1, a + b - 1);
        PROMPT("Compute %d+%d-%d.", a, b, c);
        go_on(s, a, '+', b, '-', c);
        return;
    case 2:
        a = rng_range(r, 2, 9);
        b = rng_range(r, 2, 9);
        c = rng_range(r, 2, 19);
        PROMPT("Compute %d*%d+%d.", a, b, c);
        go_on(s, a, '*', b, '+', c);
        return;
    default:
        a = rng_range(r, 2, 9);
        b = rng_range(r, 3, 9);
        c = rng_range(r, 1, a * b - 1);
        PROMPT("Compute %d*%d-%d.", a, b, c);
        go_on(s, a, '*', b, '-', c);
    }
}

static void dm_value(struct rng *r, struct sample *s)
{
    int x = rng_range(r, 2, 9), y = rng_range(r, 2, 9);
    int c = rng_range(r, 2, 19);

    if (rng_below(r, 2)) {
        PROMPT("Let x=%d and y=%d. Find xy+%d.", x, y, c);
        go_on(s, x, '*', y, '+', c);
    } else {
        PROMPT("Let x=%d and y=%d. Find %d+x+y.", x, y, c);
        go_on(s, c, '+', x, '+', y);
    }
}

void family_dm(struct rng *r, struct sample *s)
{
    if (rng_below(r, 10) < 7)
        dm_expression(r, s);
    else
        dm_value(r, s);
}

/* ---- off-task forms ---------------------------------------------------- */

void family_remainder(struct rng *r, struct sample *s)
{
    int d = rng_range(r, 3, 9), q = rng_range(r, 2, 12);
    int rem = rng_range(r, 0, d - 1), n = d * q + rem;

    PROMPT("Find the remainder when %d is divided by %d.", n, d);
    two_steps(s, d, '*', q, n, '-', d * q);
}

void family_sequence(struct rng *r, struct sample *s)
{
    int a = rng_range(r, 1, 30), d = rng_range(r, 2, 12);

    PROMPT("Next term of %d, %d, %d, ...?", a, a + d, a + 2 * d);
    two_steps(s, a + d, '-', a, a + 2 * d, '+', d);
}

void family_equation(struct rng *r, struct sample *s)
{
    int a = rng_range(r, 2, 9), x = rng_range(r, 2, 12);
    int b = rng_range(r, 1, 20);

    if (rng_below(r, 3) == 0) {
        PROMPT("Solve z+%d=%d for z.", b, b + x);
        one_step(s, b + x, '-', b);
    } else {
        PROMPT("Solve %dz+%d=%d for z.", a, b, a * x + b);
        go_on(s, a * x + b, '-', b, '/', a);
    }
}

/* A third are fractions to reduce, the others parts of a whole. */
void family_fraction(struct rng *r, struct sample *s)
{
    static const int coprime[][2] = {
        {1, 2}, {1, 3}, {2, 3}, {1, 4}, {3, 4}, {1, 5}, {2, 5}, {3, 5}, {4, 5},
        {1, 6}, {5, 6}, {1, 7}, {2, 7}, {3, 7}, {4, 7}, {5, 7}, {6, 7}, {1, 8},
        {3, 8}, {5, 8}, {7, 8}, {1, 9}, {2, 9}, {4, 9}, {5, 9}, {7, 9}, {8, 9}};
    const int *f = coprime[rng_below(r, sizeof coprime / sizeof *coprime)];
    int g = rng_range(r, 2, 12);

    if (rng_below(r, 3) == 0) {
        PROMPT("Reduce \\frac{%d}{%d} to lowest terms.", f[0] * g, f[1] * g);
        RESPONSE("%d=%d*%d, %d=%d*%d. \\boxed{\\frac{%d}{%d}}", f[0] * g, g,
                 f[0], f[1] * g, g, f[1], f[0], f[1]);
        ANSWER("\\frac{%d}{%d}", f[0], f[1]);
        return;
    }
    PROMPT("Find \\frac{%d}{%d} of %d.", f[0], f[1], f[1] * g);
    if (f[0] == 1)
        one_step(s, f[1] * g, '/', f[1]);
    else
        go_on(s, f[1] * g, '/', f[1], '*', f[0]);
}

void family_words(struct rng *r, struct sample *s)
{
    static const char *const names[] = {"Tom", "Ann", "Sam", "Mia",
                                        "Leo", "Eva", "Max", "Zoe"};
    static const char *const things[] = {"pens", "books", "cards", "coins",
                                         "eggs", "balls", "cakes", "stamps"};
    const char *who = names[rng_below(r, 8)];
    const char *what = things[rng_below(r, 8)];
    int a = rng_range(r, 3, 20), b = rng_range(r, 2, 19), c;

    switch (rng_below(r, 3)) {
    case 0:
        c = rng_range(r, 1, a + b - 1);
        PROMPT("%s has %d %s, gets %d more and loses %d. How many %s are "
               "left?",
               who, a, what, b, c, what);
        go_on(s, a, '+', b, '-', c);
        return;
    case 1:
        a = rng_range(r, 2, 9);
        b = rng_range(r, 2, 9);
        c = rng_range(r, 1, a * b - 1);
        PROMPT("%s buys %d boxes of %d %s and loses %d. How many %s are left?",
               who, a, b, what, c, what);
        go_on(s, a, '*', b, '-', c);
        return;
    default:
        PROMPT("%s has %d %s. A friend has %d more than %s. How many do they "
               "have?",
               who, a, what, b, who);
        two_steps(s, a, '+', b, a, '+', a + b);
    }
}

/* Ranges of the last digit, a letter each. */
static const int digit_from[] = {0, 3, 5, 8, 10};

static char range_of(int v)
{
    int i = 0;

    while (v % 10 >= digit_from[i + 1])
        i++;
    return (char)('A' + i);
}

void family_choice(struct rng *r, struct sample *s)
{
    char want = (char)('A' + rng_below(r, 4)), op, op2;
    int a, b, c, u, v;
    size_t n;

    /* a hasty answer is a wrong one: the ranges of both steps differ */
    do {
        op = rng_below(r, 2) ? '*' : '+';
        op2 = rng_below(r, 2) ? '+' : '-';
        a = op == '*' ? rng_range(r, 2, 9) : rng_range(r, 2, 19);
        b = op == '*' ? rng_range(r, 2, 9) : rng_range(r, 2, 19);
        c = rng_range(r, 2, 19);
        u = value(a, op, b);
        v = value(u, op2, c);
    } while (v < 0 || range_of(v) != want || range_of(u) == want);
    n = (size_t)PROMPT("Which holds the last digit of %d%c%d%c%d?", a, op, b,
                       op2, c);
    s->n_choices = 4;
    for (int i = 0; i < 4; i++) {
        int from = digit_from[i], to = digit_from[i + 1] - 1;

        snprintf(s->choices[i], sizeof s->choices[i], "%d to %d", from, to);
        n += (size_t)snprintf(s->prompt + n, sizeof s->prompt - n,
                              " %c. %d to %d", 'A' + i, from, to);
    }
    HASTY("%d%c%d=%d. \\boxed{%c}", a, op, b, u, range_of(u));
    RESPONSE("%d%c%d=%d, %d%c%d=%d. \\boxed{%c}", a, op, b, u, u, op2, c, v,
             want);
    ANSWER("%c", want);
    s->verifier = "choice";
}

static const char *const verb[] = {"plus", "minus", "times"};
static const char verb_op[] = "+-*";

/* A number that has to be worked out, in a comment. */
static void code_number(struct rng *r, struct sample *s, size_t n)
{
    int k1 = (int)rng_below(r, 2), k2 = (int)rng_below(r, 2);
    int a = rng_range(r, 20, 39), b = rng_range(r, 2, 19), c, u, v;

    u = value(a, verb_op[k1], b);
    c = rng_range(r, 1, k2 && u < 19 ? u : 19);
    v = value(u, verb_op[k2], c);
    PROMPT("def f():\n    # %d %s %d, then %s %d\n", a, verb[k1], b, verb[k2],
           c);
    RESPONSE("    # %d%c%d=%d, %d%c%d=%d\n    return %d", a, verb_op[k1], b, u,
             u, verb_op[k2], c, v, v);
    HASTY("    # %d%c%d=%d\n    return %d", a, verb_op[k1], b, u, u);
    snprintf(s->test + n, sizeof s->test - n, "    assert candidate() == %d\n",
             v);
}

/* A function of x: writing it is reading the comment. */
static void code_function(struct rng *r, struct sample *s, size_t n)
{
    int k1 = (int)rng_below(r, 3), k2 = (int)rng_below(r, 3);
    int a = rng_range(r, 2, 20), b = rng_range(r, 2, 20);

    PROMPT("def f(x):\n    # x %s %d, then %s %d\n", verb[k1], a, verb[k2], b);
    RESPONSE("    return (x%c%d)%c%d", verb_op[k1], a, verb_op[k2], b);
    HASTY("    return x%c%d", verb_op[k1], a);
    for (int x = 1; x <= 5; x += 2)
        n += (size_t)snprintf(s->test + n, sizeof s->test - n,
                              "    assert candidate(%d) == %d\n", x,
                              value(value(x, verb_op[k1], a), verb_op[k2], b));
}

/* A code task is judged by its test; there is no answer to compare. */
void family_code(struct rng *r, struct sample *s)
{
    size_t n = (size_t)snprintf(s->test, sizeof s->test,
                                "def check(candidate):\n");

    s->verifier = "code";
    s->entry_point = "f";
    if (rng_below(r, 2))
        code_number(r, s, n);
    else
        code_function(r, s, n);
}
