/* families - one function a form; each shows its steps, then \boxed{answer}
 *
 * The steps are short equations, so that a small model can learn them one at
 * a time and a sampled mistake in any of them makes the answer wrong.
 */
#include "families.h"
#include <stdio.h>
#include <string.h>

#define PROMPT(...) snprintf(s->prompt, sizeof s->prompt, __VA_ARGS__)
#define RESPONSE(...) snprintf(s->response, sizeof s->response, __VA_ARGS__)
#define ANSWER(...) snprintf(s->answer, sizeof s->answer, __VA_ARGS__)

/* ---- dm: the training form ------------------------------------------- */

static void dm_expression(struct rng *r, struct sample *s)
{
    int a = rng_range(r, 2, 29), b = rng_range(r, 2, 29), c;

    switch (rng_below(r, 4)) {
    case 0:
        PROMPT("Compute %d+%d.", a, b);
        RESPONSE("%d+%d=%d. \\boxed{%d}", a, b, a + b, a + b);
        ANSWER("%d", a + b);
        return;
    case 1:
        c = rng_range(r, 1, a + b - 1);
        PROMPT("Compute %d+%d-%d.", a, b, c);
        RESPONSE("%d+%d=%d, %d-%d=%d. \\boxed{%d}", a, b, a + b, a + b, c,
                 a + b - c, a + b - c);
        ANSWER("%d", a + b - c);
        return;
    case 2:
        a = rng_range(r, 2, 9);
        b = rng_range(r, 2, 9);
        c = rng_range(r, 2, 29);
        PROMPT("Compute %d*%d+%d.", a, b, c);
        RESPONSE("%d*%d=%d, %d+%d=%d. \\boxed{%d}", a, b, a * b, a * b, c,
                 a * b + c, a * b + c);
        ANSWER("%d", a * b + c);
        return;
    default:
        a = rng_range(r, 2, 9);
        b = rng_range(r, 3, 9);
        c = rng_range(r, 1, a * b - 1);
        PROMPT("Compute %d*%d-%d.", a, b, c);
        RESPONSE("%d*%d=%d, %d-%d=%d. \\boxed{%d}", a, b, a * b, a * b, c,
                 a * b - c, a * b - c);
        ANSWER("%d", a * b - c);
    }
}

static void dm_value(struct rng *r, struct sample *s)
{
    int x = rng_range(r, 2, 9), y = rng_range(r, 2, 9);
    int c = rng_range(r, 2, 29);

    if (rng_below(r, 2)) {
        PROMPT("Let x=%d and y=%d. Find xy+%d.", x, y, c);
        RESPONSE("%d*%d=%d, %d+%d=%d. \\boxed{%d}", x, y, x * y, x * y, c,
                 x * y + c, x * y + c);
        ANSWER("%d", x * y + c);
    } else {
        PROMPT("Let x=%d and y=%d. Find %d+x+y.", x, y, c);
        RESPONSE("%d+%d=%d, %d+%d=%d. \\boxed{%d}", c, x, c + x, c + x, y,
                 c + x + y, c + x + y);
        ANSWER("%d", c + x + y);
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
    int d = rng_range(r, 3, 9), q = rng_range(r, 2, 15);
    int rem = rng_range(r, 0, d - 1), n = d * q + rem;

    PROMPT("Find the remainder when %d is divided by %d.", n, d);
    RESPONSE("%d*%d=%d, %d-%d=%d. \\boxed{%d}", d, q, d * q, n, d * q, rem,
             rem);
    ANSWER("%d", rem);
}

void family_sequence(struct rng *r, struct sample *s)
{
    int a = rng_range(r, 1, 40), d = rng_range(r, 2, 15);

    PROMPT("Next term of %d, %d, %d, ...?", a, a + d, a + 2 * d);
    RESPONSE("%d-%d=%d, %d+%d=%d. \\boxed{%d}", a + d, a, d, a + 2 * d, d,
             a + 3 * d, a + 3 * d);
    ANSWER("%d", a + 3 * d);
}

void family_equation(struct rng *r, struct sample *s)
{
    int a = rng_range(r, 2, 9), x = rng_range(r, 2, 12);
    int b = rng_range(r, 1, 30);

    if (rng_below(r, 3) == 0) {
        PROMPT("Solve z+%d=%d for z.", b, b + x);
        RESPONSE("%d-%d=%d. \\boxed{%d}", b + x, b, x, x);
    } else {
        PROMPT("Solve %dz+%d=%d for z.", a, b, a * x + b);
        RESPONSE("%d-%d=%d, %d/%d=%d. \\boxed{%d}", a * x + b, b, a * x, a * x,
                 a, x, x);
    }
    ANSWER("%d", x);
}

void family_fraction(struct rng *r, struct sample *s)
{
    static const int coprime[][2] = {
        {1, 2}, {1, 3}, {2, 3}, {1, 4}, {3, 4}, {1, 5}, {2, 5}, {3, 5}, {4, 5},
        {1, 6}, {5, 6}, {1, 7}, {2, 7}, {3, 7}, {4, 7}, {5, 7}, {6, 7}, {1, 8},
        {3, 8}, {5, 8}, {7, 8}, {1, 9}, {2, 9}, {4, 9}, {5, 9}, {7, 9}, {8, 9}};
    const int *f = coprime[rng_below(r, sizeof coprime / sizeof *coprime)];
    int g = rng_range(r, 2, 25);

    PROMPT("Reduce \\frac{%d}{%d} to lowest terms.", f[0] * g, f[1] * g);
    RESPONSE("%d=%d*%d, %d=%d*%d. \\boxed{\\frac{%d}{%d}}", f[0] * g, g, f[0],
             f[1] * g, g, f[1], f[0], f[1]);
    ANSWER("\\frac{%d}{%d}", f[0], f[1]);
}

void family_words(struct rng *r, struct sample *s)
{
    static const char *const names[] = {"Tom", "Ann", "Sam", "Mia",
                                        "Leo", "Eva", "Max", "Zoe"};
    static const char *const things[] = {"pens", "books", "cards", "coins",
                                         "eggs", "balls", "cakes", "stamps"};
    const char *who = names[rng_below(r, 8)];
    const char *what = things[rng_below(r, 8)];
    int a = rng_range(r, 3, 30), b = rng_range(r, 2, 20), c;

    switch (rng_below(r, 3)) {
    case 0:
        c = rng_range(r, 1, a + b - 1);
        PROMPT("%s has %d %s, gets %d more and loses %d. How many %s are "
               "left?",
               who, a, what, b, c, what);
        RESPONSE("%d+%d=%d, %d-%d=%d. \\boxed{%d}", a, b, a + b, a + b, c,
                 a + b - c, a + b - c);
        ANSWER("%d", a + b - c);
        return;
    case 1:
        a = rng_range(r, 2, 9);
        b = rng_range(r, 2, 9);
        PROMPT("%s buys %d boxes of %d %s. How many %s is that?", who, a, b,
               what, what);
        RESPONSE("%d*%d=%d. \\boxed{%d}", a, b, a * b, a * b);
        ANSWER("%d", a * b);
        return;
    default:
        PROMPT("%s has %d %s. A friend has %d more than %s. How many does "
               "the friend have?",
               who, a, what, b, who);
        RESPONSE("%d+%d=%d. \\boxed{%d}", a, b, a + b, a + b);
        ANSWER("%d", a + b);
    }
}

void family_choice(struct rng *r, struct sample *s)
{
    int a = rng_range(r, 2, 30), b = rng_range(r, 2, 20);
    int times = (int)rng_below(r, 2), right = (int)rng_below(r, 4), v;
    size_t n;

    if (times) {
        a = rng_range(r, 2, 9);
        b = rng_range(r, 2, 9);
    }
    v = times ? a * b : a + b;
    n = (size_t)PROMPT("Which is %d%c%d?", a, times ? '*' : '+', b);
    s->n_choices = 4;
    for (int i = 0, step = rng_range(r, 1, 3); i < 4; i++) {
        int c = v + (i - right) * step;

        snprintf(s->choices[i], sizeof s->choices[i], "%d", c);
        n += (size_t)snprintf(s->prompt + n, sizeof s->prompt - n, " %c. %d",
                              'A' + i, c);
    }
    RESPONSE("%d%c%d=%d. \\boxed{%c}", a, times ? '*' : '+', b, v, 'A' + right);
    ANSWER("%c", 'A' + right);
    s->verifier = "choice";
}

/* Half of the functions have an argument: writing them is reading the comment.
 * The others return a number that has to be worked out. */
void family_code(struct rng *r, struct sample *s)
{
    static const char *const verb[] = {"plus", "minus", "times"};
    static const char op[] = "+-*";
    int k1 = (int)rng_below(r, 3), k2 = (int)rng_below(r, 3);
    int a = rng_range(r, 2, 20), b = rng_range(r, 2, 20), c;
    size_t n;

    s->verifier = "code";
    s->entry_point = "f";
    n = (size_t)snprintf(s->test, sizeof s->test, "def check(candidate):\n");
    if (rng_below(r, 2)) {
        c = rng_range(r, 20, 40);
        PROMPT("def f():\n    # %d %s %d\n", c, k1 == 1 ? "minus" : "plus", a);
        c = k1 == 1 ? c - a : c + a;
        RESPONSE("    return %d", c);
        snprintf(s->test + n, sizeof s->test - n,
                 "    assert candidate() == %d\n", c);
        return;
    }
    PROMPT("def f(x):\n    # x %s %d, then %s %d\n", verb[k1], a, verb[k2], b);
    RESPONSE("    return (x%c%d)%c%d", op[k1], a, op[k2], b);
    for (int x = 1; x <= 5; x += 2) {
        c = k1 == 0 ? x + a : k1 == 1 ? x - a : x * a;
        c = k2 == 0 ? c + b : k2 == 1 ? c - b : c * b;
        n += (size_t)snprintf(s->test + n, sizeof s->test - n,
                              "    assert candidate(%d) == %d\n", x, c);
    }
    /* a code task is judged by its test; there is no answer to compare */
}
