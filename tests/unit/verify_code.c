/* verify_code - the program in a response, what crosses between program and
 * test, verdicts in order, and no sandbox, no verdict
 */
#include <sys/stat.h>
#include <unistd.h>
#include "../../lib/verify/code.h"
#include "t.h"

/* --- extraction --- */

struct extraction {
    const char *what, *prompt, *response;
    const char *rule; /* NULL = no program */
    const char *program, *prelude;
};

#define DEF "def f(x):\n"
#define DOC DEF "    \"\"\"doc\"\"\"\n"

static const struct extraction extractions[] = {
    {"empty", DOC, "", NULL, NULL, NULL},
    {"blank", DOC, " \n\t\n", NULL, NULL, NULL},
    {"only thinking", DOC, "<think>x</think>\n ", NULL, NULL, NULL},
    {"continues", DOC, "    return 1\n", "completion",
     DOC "    return 1\n", ""},
    {"continues a line", DEF "    return ", "x + 1\n", "completion",
     DEF "    return x + 1\n", ""},
    {"cut at def", DOC, "    return 1\n\ndef g():\n    pass\n", "completion",
     DOC "    return 1\n\n", ""},
    {"cut at class", DOC, "    return 1\nclass A:\n", "completion",
     DOC "    return 1\n", ""},
    {"cut at main", DOC, "    return 1\nif __name__ == 'x':\n    f()\n",
     "completion", DOC "    return 1\n", ""},
    {"cut at print", DOC, "    return 1\nprint(f(1))\n", "completion",
     DOC "    return 1\n", ""},
    {"cut at fence", DOC, "    return 1\n```\nIt returns 1.", "completion",
     DOC "    return 1\n", ""},
    {"helper inside is kept", DOC, "    def g():\n        return 1\n",
     "completion", DOC "    def g():\n        return 1\n", ""},
    {"prompt's imports stay in a completion", "import re\n\n" DOC,
     "    return 1\n", "completion", "import re\n\n" DOC "    return 1\n",
     "import re\n\n"},
    {"fenced", "import re\n" DOC, "So:\n```python\n" DEF "    return 1\n```\nq",
     "fenced", DEF "    return 1\n", "import re\n"},
    {"fenced, no language", DOC, "```\n" DEF "    return 1\n```\n", "fenced",
     DEF "    return 1\n", ""},
    {"the last that defines it", DOC,
     "```python\n" DEF "    return 1\n```\n```py\n" DEF "    return 2\n```\n"
     "```python\nf(1)\n```", "fenced", DEF "    return 2\n", ""},
    {"fence cut off", DOC, "```python\n" DEF "    return 1\n", "fenced",
     DEF "    return 1\n", ""},
    {"helpers before and after", DOC,
     "```python\nimport math\ndef g():\n    pass\n" DEF
     "    return h()\ndef h():\n    return 1\nprint(f(2))\n```\n", "fenced",
     "import math\ndef g():\n    pass\n" DEF
     "    return h()\ndef h():\n    return 1\n", ""},
    {"after thinking", DOC,
     "<think>```python\n" DEF "    return 1\n```</think>```python\n" DEF
     "    return 2\n```", "fenced", DEF "    return 2\n", ""},
    {"a function without a fence", "import re\n" DOC,
     "Here it is:\n\nimport os\n" DEF "    return 1\n\nprint(f(1))\n",
     "function", "import os\n" DEF "    return 1\n\n", "import re\n"},
    {"a fenced body", DOC, "It is\n```python\n    return 1\n```\n",
     "completion", DOC "    return 1\n", ""},
    {"another name is another function", DOC,
     "```python\ndef ff(x):\n    return 1\n```", "completion",
     DOC "def ff(x):\n    return 1\n", ""},
    {"async", DOC, "```\nasync def f(x):\n    return 1\n```", "fenced",
     "async def f(x):\n    return 1\n", ""},
};

static struct code_item item_of(const char *prompt, const char *response,
                                const char *test, const char *name)
{
    return (struct code_item){prompt,         strlen(prompt), response,
                              strlen(response), test,         strlen(test),
                              name};
}

static void extracts_the_program(void)
{
    for (size_t i = 0; i < sizeof extractions / sizeof *extractions; i++) {
        const struct extraction *x = &extractions[i];
        struct code_item item = item_of(x->prompt, x->response, "", "f");
        struct code_program p;
        int got = code_extract(&item, &p);

        T_CHECKF(got == (x->rule != NULL), "%s: returned %d", x->what, got);
        if (!got || !x->rule)
            continue;
        T_CHECKF(!strcmp(p.rule, x->rule), "%s: rule %s", x->what, p.rule);
        T_CHECKF(!strcmp(p.program, x->program), "%s: program \"%s\"",
                 x->what, p.program);
        T_CHECKF(!strcmp(p.prelude, x->prelude), "%s: prelude \"%s\"",
                 x->what, p.prelude);
        T_EQ_INT(p.n_program, strlen(p.program));
        code_program_free(&p);
    }
}

/* --- verdicts --- */

struct judged {
    const char *what, *response, *test;
    const char *verdict; /* pass, fail, no_answer, timeout, error */
    const char *detail;  /* contained in the verdict's, or NULL */
};

#define CHECK(body) "def check(candidate):\n" body
#define IS(expr) CHECK("    assert candidate(3) == " expr "\n")

static const struct judged judgements[] = {
    {"right", "    return x + 1\n", IS("4"), "pass", ""},
    {"wrong", "    return x + 2\n", IS("4"), "fail", "line 2 of the test"},
    {"nothing", "\n", IS("4"), "no_answer", "empty"},
    {"prose", "I cannot do that.", IS("4"), "fail", "SyntaxError"},
    {"no such function", "```\ndef f(x):\n    return 4\ndel f\n```", IS("4"),
     "fail", "defines no f"},
    {"raises at once", "```\nimport nowhere\ndef f(x):\n  return 4\n```",
     IS("4"), "fail", "ModuleNotFoundError"},
    {"raises when called", "    return x / 0\n", IS("4"), "fail",
     "ZeroDivisionError"},
    {"asserts alone", "    return x + 1\n", "assert f(3) == 4\n", "pass", ""},
    {"helper of the prompt", "    return twice(x)\n",
     CHECK("    assert candidate(3) == twice(3) == 6\n"), "pass", ""},
    {"its own name in the test", "    return x\n",
     CHECK("    assert candidate(3) == f(3)\n"), "pass", ""},
    {"input at its end", "    return input()\n", IS("4"), "fail",
     "EOFError"},
    /* data */
    {"types are kept", "    return [1, 1.0, True, None, 'a', (2,), {1: {2}}]\n",
     CHECK("    r = candidate(0)\n    assert repr(r) == "
           "\"[1, 1.0, True, None, 'a', (2,), {1: {2}}]\"\n"), "pass", ""},
    {"edges of numbers", "    return [2**53, -2**70, 1e308, -0.0, 5e-324]\n",
     CHECK("    r = candidate(0)\n    assert repr(r) == "
           "repr([2**53, -2**70, 1e308, -0.0, 5e-324])\n"), "pass", ""},
    {"infinite and none", "    i = float('inf')\n    return [i, -i, i - i]\n",
     CHECK("    a, b, c = candidate(0)\n    assert a == -b and a > 1e308 "
           "and c != c\n"), "pass", ""},
    {"any text", "    return ''.join(map(chr, [0, 34, 92, 0xd800, 0x1f600]))\n",
     IS("'\\0\"\\\\\\ud800\\U0001f600'"), "pass", ""},
    {"rarer kinds", "    from fractions import Fraction as F\n"
     "    from decimal import Decimal as D\n"
     "    return [b'a', 1j, range(3), frozenset([1]), F(1, 3), D('0.1')]\n",
     CHECK("    from fractions import Fraction as F\n"
           "    from decimal import Decimal as D\n"
           "    assert candidate(0) == [b'a', 1j, range(3), frozenset([1]), "
           "F(1, 3), D('0.1')]\n"), "pass", ""},
    {"subclasses count as their base",
     "    from collections import Counter, OrderedDict\n"
     "    from collections import namedtuple\n"
     "    P = namedtuple('P', 'a b')\n"
     "    return [Counter('aab'), OrderedDict(a=1), P(1, 2)]\n",
     IS("[{'a': 2, 'b': 1}, {'a': 1}, (1, 2)]"), "pass", ""},
    {"iterators can be read", "    return (y for y in range(x))\n",
     CHECK("    assert tuple(candidate(3)) == (0, 1, 2)\n"), "pass", ""},
    {"an iterator is no list", "    return map(int, '012')\n", IS("[0, 1, 2]"),
     "fail", NULL},
    {"objects equal nothing", "    class A:\n        __eq__ = lambda *a: True\n"
     "    return A()\n", IS("4"), "fail", NULL},
    {"but are true", "    return object()\n",
     CHECK("    assert candidate(3)\n"), "pass", ""},
    {"arguments of every kind", "    return repr(x)\n",
     CHECK("    for x in ((1, [2.5, {'a': (None, True)}]), {3}, 2**80, ''):\n"
           "        assert candidate(x) == repr(x)\n"
           "    assert candidate(x=[1]) == '[1]'\n"), "pass", ""},
    {"arguments by value", "    x.clear()\n    return x\n",
     CHECK("    a = [1]\n    assert candidate(a) == a\n"), "fail", NULL},
    {"a function as argument", "    return 4\n",
     CHECK("    assert candidate(len) == 4\n"), "error", "no plain data"},
    /* exceptions */
    {"the test's exception", "    raise ValueError('no')\n",
     CHECK("    try:\n        candidate(3)\n    except ValueError as e:\n"
           "        assert str(e) == 'no'\n        return\n"
           "    assert False\n"), "pass", ""},
    {"its nearest built-in",
     "    class E(KeyError):\n        pass\n    raise E(3)\n",
     CHECK("    try:\n        candidate(3)\n    except LookupError:\n"
           "        return\n    assert False\n"), "pass", ""},
    {"exit is no answer", "    raise SystemExit\n",
     CHECK("    try:\n        candidate(3)\n    except ValueError:\n"
           "        return\n"), "fail", "SystemExit"},
    {"death inside try", "    import os\n    os._exit(0)\n",
     CHECK("    try:\n        candidate(3)\n    except:\n        pass\n"),
     "fail", "ended itself"},
    /* the test at fault */
    {"test does not compile", "    return 4\n", "def check(:\n", "error",
     "does not compile"},
    {"test calls nothing", "    return 4\n", CHECK("    assert True\n"),
     "error", "never calls"},
    {"test is empty", "    return 4\n", "", "error", "never calls"},
    {"test never ends", "    return 4\n",
     CHECK("    candidate(1)\n    while True:\n        pass\n"), "timeout",
     NULL},
    {"the same words each time", "    raise ValueError(object())\n", IS("4"),
     "fail", "ValueError: <object object at 0x>"},
    /* chance is fixed */
    {"the same random numbers", "    import random\n"
     "    return random.random()\n", IS("0.8444218515250481"), "pass", ""},
    {"the same hashes", "    return hash('a')\n",
     CHECK("    assert candidate(0) == hash('a')\n"), "pass", ""},
};

static struct code_verifier *verifier;

static const char *outcome(const struct code_verdict *d)
{
    static const char *const names[] = {"fail", "no_answer", "timeout",
                                        "error"};

    return d->passed ? "pass" : names[d->status];
}

static const char helper[] = "def twice(x):\n    return 2 * x\n\n\n"
                             "def f(x):\n    \"\"\"doc\"\"\"\n";

static void judges(void)
{
    for (size_t i = 0; i < sizeof judgements / sizeof *judgements; i++) {
        const struct judged *j = &judgements[i];
        struct code_item item = item_of(helper, j->response, j->test, "f");
        struct code_verdict d = {0};
        struct err e = {0};

        T_CHECKF(!code_verify(verifier, &item, &d, &e), "%s: %s", j->what,
                 e.msg);
        T_CHECKF(!strcmp(outcome(&d), j->verdict), "%s: %s (%s), expected %s",
                 j->what, outcome(&d), d.detail, j->verdict);
        T_CHECKF(!j->detail || strstr(d.detail, j->detail),
                 "%s: detail \"%s\", expected \"%s\"", j->what, d.detail,
                 j->detail);
        T_CHECKF(!d.passed || !*d.detail, "%s: a pass says \"%s\"", j->what,
                 d.detail);
    }
}

/* Slow and quick, right and wrong items: the verdicts keep the order. */
static void keeps_the_order(void)
{
    int sent = 0, got = 0;
    struct code_verdict d;
    struct err e = {0};

    while (got < 60) {
        while (sent < 60 && code_room(verifier) > 0) {
            char response[200];

            snprintf(response, sizeof response,
                     "    import time\n    time.sleep(%g)\n    return %d\n",
                     sent % 5 ? 0 : 0.05, sent % 3 ? 4 : 5);
            struct code_item item = item_of(helper, response, IS("4"), "f");
            T_CHECK(!code_submit(verifier, &item, &e));
            sent++;
        }
        T_EQ_INT(code_outstanding(verifier), sent - got);
        T_EQ_INT(code_collect(verifier, &d), 1);
        T_CHECKF(d.passed == (got % 3 != 0), "item %d: %s", got, d.detail);
        got++;
    }
    T_EQ_INT(code_collect(verifier, &d), 0);
    T_EQ_INT(code_outstanding(verifier), 0);
    T_CHECK(!code_ready(verifier));
}

static void refuses_what_is_no_item(void)
{
    struct code_verdict d;
    struct err e = {0};
    struct code_item item = item_of(helper, "    return 4\n", IS("4"), "");
    static char big[(1 << 20) + 2];

    T_EQ_INT(code_verify(verifier, &item, &d, &e), -ERR_DATA);
    item.entry_point = "f(3) or g";
    T_EQ_INT(code_verify(verifier, &item, &d, &e), -ERR_DATA);
    item.entry_point = "3f";
    T_EQ_INT(code_verify(verifier, &item, &d, &e), -ERR_DATA);
    item.entry_point = "f";
    memset(big, ' ', sizeof big - 1);
    item.test = big;
    item.n_test = sizeof big - 1;
    T_EQ_INT(code_verify(verifier, &item, &d, &e), -ERR_DATA);
    item = item_of(helper, big, IS("4"), "f");
    T_EQ_INT(code_verify(verifier, &item, &d, &e), 0);
    T_CHECKF(!d.passed && d.status == CODE_OK, "%s", d.detail);
    /* a byte that no text has, in each part */
    item = item_of(helper, "    return 4\0\n", IS("4"), "f");
    item.n_response = 14;
    T_EQ_INT(code_verify(verifier, &item, &d, &e), 0);
    T_CHECKF(!d.passed && d.status == CODE_OK, "%s", d.detail);
    item = item_of(helper, "    return '\xff' and 4\n", IS("4"), "f");
    T_EQ_INT(code_verify(verifier, &item, &d, &e), 0);
    T_CHECKF(d.passed, "%s", d.detail);
}

static void stays_healthy(void)
{
    struct err e = {0};

    T_EQ_INT(code_health(verifier, &e), 0);
    T_CHECK(strstr(code_confinement(verifier), "bubblewrap") != NULL);
}

/* bwrap disappears under a running verifier: the sandbox in which an item left
 * a file cannot be made again, and no later item is judged. */
static void loses_its_sandbox(void)
{
    char dir[] = "/tmp/ulp-code.XXXXXX", path[64];
    struct code_opts o = {.workers = 1, .bwrap = path};
    struct code_verifier *v = NULL;
    struct code_verdict d;
    struct err e = {0};
    struct code_item leaves = item_of(
        helper, "    open('left', 'w')\n    return 4\n", IS("4"), "f");
    struct code_item right = item_of(helper, "    return 4\n", IS("4"), "f");

    T_CHECK(mkdtemp(dir) != NULL && !chmod(dir, 0755));
    snprintf(path, sizeof path, "%s/bwrap", dir);
    T_CHECK(!symlink("/usr/bin/bwrap", path));
    T_CHECKF(!code_open(&v, &o, &e), "%s", e.msg);
    unlink(path);
    rmdir(dir);
    if (!v)
        return;
    T_CHECK(!code_verify(v, &right, &d, &e) && d.passed);
    T_CHECK(!code_verify(v, &leaves, &d, &e) && d.passed);
    T_EQ_INT(code_health(v, &e), 0);
    for (int i = 0; i < 2; i++) {
        T_CHECK(!code_verify(v, &right, &d, &e));
        T_CHECKF(!d.passed && d.status == CODE_ERROR, "%s", d.detail);
        T_CHECKF(strstr(d.detail, "sandbox cannot be made"), "%s", d.detail);
    }
    T_CHECK(code_health(v, &e) < 0);
    code_close(&v);
}

/* Closing does not wait for an item that never ends. */
static void closes_at_once(void)
{
    struct code_opts o = {.workers = 1, .wall_s = 600, .cpu_s = 600};
    struct code_verifier *v = NULL;
    struct err e = {0};
    struct code_item spin = item_of(helper, "    while 1: pass\n", IS("4"),
                                    "f");

    T_CHECKF(!code_open(&v, &o, &e), "%s", e.msg);
    if (!v)
        return;
    T_CHECK(!code_submit(v, &spin, &e) && !code_submit(v, &spin, &e));
    usleep(100000);
    alarm(60);
    code_close(&v);
    alarm(0);
    T_CHECK(v == NULL);
}

static void no_sandbox_no_verdict(void)
{
    struct code_verifier *v = (void *)&verifier;
    struct code_opts o = {.workers = 2, .bwrap = "/nonexistent/bwrap"};
    struct err e = {0};

    T_CHECK(code_open(&v, &o, &e) < 0);
    T_CHECK(v == NULL);
    T_CHECKF(strstr(e.msg, "sandbox cannot be made"), "%s", e.msg);
    o.bwrap = "no-such-bwrap";
    T_CHECK(code_open(&v, &o, &e) < 0);
    T_CHECKF(strstr(e.msg, "not in PATH"), "%s", e.msg);
    o.bwrap = "/bin/false"; /* runs, but makes nothing */
    T_CHECK(code_open(&v, &o, &e) < 0);
    T_CHECKF(strstr(e.msg, "sandbox cannot be made"), "%s", e.msg);
    o.bwrap = NULL;
    o.python = "/usr/bin/no-such-python";
    T_CHECK(code_open(&v, &o, &e) < 0);
    T_CHECKF(strstr(e.msg, "no-such-python"), "%s", e.msg);
    o.python = "/bin/true";
    T_CHECK(code_open(&v, &o, &e) < 0);
    code_close(&v);
}

int main(void)
{
    struct code_opts o = {.workers = 2, .wall_s = 30, .cpu_s = 1};
    struct err e = {0};

    T_RUN(extracts_the_program);
    if (access("/usr/bin/bwrap", X_OK) || getenv("ULP_NO_SANDBOX")) {
        T_SKIP("verify_code", "no bubblewrap, or no user namespaces here");
        T_DONE();
    }
    if (code_open(&verifier, &o, &e)) {
        printf("not ok verify_code: %s\n", e.msg);
        return 1;
    }
    T_RUN(judges);
    T_RUN(keeps_the_order);
    T_RUN(refuses_what_is_no_item);
    T_RUN(stays_healthy);
    code_close(&verifier);
    T_RUN(loses_its_sandbox);
    T_RUN(closes_at_once);
    T_RUN(no_sandbox_no_verdict);
    T_DONE();
}
