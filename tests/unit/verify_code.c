/* verify_code - the program in a response, what crosses between program and
 * test, verdicts in order, and no sandbox, no verdict
 */
#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../lib/base/clock.h"
#include "../../lib/verify/code.h"
#include "t.h"
#include "t_code.h"

/* --- extraction --- */

struct extraction {
    const char *what, *prompt, *response;
    const char *rule; /* NULL = no program */
    const char *program, *prelude;
    int loose;
};

#define DEF "def f(x):\n"
#define DOC DEF "    \"\"\"doc\"\"\"\n"
#define ONE DEF "    return 1\n"
#define TWO DEF "    return 2\n"
#define EXAMPLE "    '''\n    ```\n    f(1)\n    ```\n    '''\n    return 1\n"

/* What is taken of a response; what is left out of that where it runs is seen
 * by its verdict, below. */
static const struct extraction extractions[] = {
    {"empty", DOC, "", NULL, NULL, NULL, 0},
    {"blank", DOC, " \n\t\n", NULL, NULL, NULL, 0},
    {"only thinking", DOC, "<think>x</think>\n ", NULL, NULL, NULL, 0},
    {"only an end mark", DOC, "<|im_end|>", NULL, NULL, NULL, 0},
    {"only fences", DOC, "```python\n```\n```\n\n```\nNo.\n", NULL, NULL, NULL,
     0},
    {"continues", DOC, "    return 1\n", "completion", DOC "    return 1\n", "",
     1},
    {"continues a line", DEF "    return ", "x + 1\n", "completion",
     DEF "    return x + 1\n", "", 0},
    {"cut at fence", DOC, "    return 1\n```\nIt returns 1.", "completion",
     DOC "    return 1\n", "", 1},
    {"cut at tildes", DOC, "    return 1\n~~~\nIt returns 1.", "completion",
     DOC "    return 1\n", "", 1},
    {"cut at an end mark", DOC, "    return 1<|im_end|>\n<|im_start|>user\n",
     "completion", DOC "    return 1", "", 1},
    {"a mark in a string", DOC, "    return '<|im_end|>'\n", "completion",
     DOC "    return '<|im_end|>'\n", "", 1},
    {"a fence in a docstring that continues", DEF, EXAMPLE, "completion",
     DEF EXAMPLE, "", 1},
    {"prompt's imports stay in a completion", "import re\n\n" DOC,
     "    return 1\n", "completion", "import re\n\n" DOC "    return 1\n",
     "import re\n\n", 1},
    {"fenced", "import re\n" DOC, "So:\n```python\n" ONE "```\nq", "fenced",
     ONE, "import re\n", 0},
    {"fenced, no language", DOC, "```\n" ONE "```\n", "fenced", ONE, "", 0},
    {"tildes", DOC, "~~~ py\n" ONE "~~~", "fenced", ONE, "", 0},
    {"tildes in backticks", DOC, "```\n" ONE "~~~\n```", "fenced", ONE "~~~\n",
     "", 0},
    {"five, with three in it", DOC, "`````\n" ONE "```\n`````\n", "fenced",
     ONE "```\n", "", 0},
    {"indented", DOC,
     "1. So:\n\n   ```python\n   def f(x):\n"
     "       return 1\n   ```\n",
     "fenced", ONE, "", 0},
    {"with a tab", DOC, "\t```\n\tdef f(x):\n\t    return 1\n\t```\n", "fenced",
     ONE, "", 0},
    {"behind a list's mark", DOC, "- ```\n  def f(x):\n      return 1\n  ```",
     "fenced", ONE, "", 0},
    {"a fence in a docstring", DOC, "```\n" DEF EXAMPLE "```\n", "fenced",
     DEF EXAMPLE, "", 0},
    {"quoted", DOC,
     "> So:\n> ```python\n> def f(x):\n>     return 1\n>\n"
     "> ```\n",
     "fenced", ONE "\n", "", 0},
    {"quoted twice", DOC, "> > ```\n> > def f(x):\n> >     return 1\n> > ```",
     "fenced", ONE, "", 0},
    {"on one line", DOC, "```python f = abs```\n", "fenced", "f = abs", "", 0},
    {"after a byte order mark", DOC, "\xEF\xBB\xBF```\n" ONE "```", "fenced",
     ONE, "", 0},
    {"lines of another system", DOC, "```\r\ndef f(x):\r\n    return 1\r\n```",
     "fenced", ONE, "", 0},
    {"the last that defines it", DOC,
     "```python\n" ONE "```\n```py\n" TWO "```\n"
     "```python\nf(1)\n```",
     "fenced", TWO, "", 0},
    {"fence cut off", DOC, "```python\n" ONE, "fenced", ONE, "", 1},
    {"a fence that opens the next", DOC, "```\ng = 1\n```python\n" ONE "```\n",
     "fenced", ONE, "", 0},
    {"after thinking", DOC,
     "<think>```python\n" ONE "```</think>```python\n" TWO "```", "fenced", TWO,
     "", 0},
    {"a name for a function", DOC, "```\nf = lambda x: 1\n```", "fenced",
     "f = lambda x: 1\n", "", 0},
    {"a function without a fence", "import re\n" DOC,
     "Here it is:\n\nimport os\n" ONE "\nprint(f(1))\n", "function",
     "Here it is:\n\nimport os\n" ONE "\nprint(f(1))\n", "import re\n", 1},
    {"its fence was the prompt's", DOC, ONE "```\nSo ```f``` is 1.\n",
     "function", ONE, "", 1},
    {"an indented text", DOC, "So:\n\n    def f(x):\n        return 1\n\nEnd",
     "function", "So:\n\n" ONE "\nEnd", "", 1},
    {"a quoted text", DOC, "> def f(x):\n>     return 1\n", "function", ONE, "",
     1},
    {"a fenced body", DOC, "It is\n```python\n    return 1\n```\n",
     "completion", DOC "    return 1\n", "", 0},
    {"another name is another function", DOC,
     "```python\ndef ff(x):\n    return 1\n```", "completion",
     DOC "def ff(x):\n    return 1\n", "", 0},
    {"async", DOC, "```\nasync " ONE "```", "fenced", "async " ONE, "", 0},
};

static struct code_item item_of(const char *prompt, const char *response,
                                const char *test, const char *name)
{
    return (struct code_item){
        prompt, strlen(prompt), response, strlen(response),
        test,   strlen(test),   name};
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
        T_CHECKF(!strcmp(p.program.s, x->program), "%s: program \"%s\"",
                 x->what, p.program.s);
        T_CHECKF(!strcmp(p.prelude.s, x->prelude), "%s: prelude \"%s\"",
                 x->what, p.prelude.s);
        T_CHECKF(p.loose == x->loose, "%s: loose %d", x->what, p.loose);
        T_EQ_INT(p.program.n, strlen(p.program.s));
        code_program_free(&p);
    }
}

static void takes_the_other_blocks_nearest_first(void)
{
    struct code_item item = item_of(
        DOC, "```\na\n```\n```\nb\n```\n```\n" ONE "```\n```\nc\n```\n", "",
        "f");
    struct code_program p;

    T_EQ_INT(code_extract(&item, &p), 1);
    T_EQ_INT(p.n_others, 3);
    if (p.n_others == 3) {
        T_EQ_STR(p.others[0].s, "b\n");
        T_EQ_STR(p.others[1].s, "a\n");
        T_EQ_STR(p.others[2].s, "c\n");
    }
    code_program_free(&p);
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
    {"prose is not the stub", "I cannot do that.", IS("None"), "fail",
     "SyntaxError"},
    {"nor is a word", "Sorry", IS("None"), "fail", "does not load"},
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
    {"input at its end", "    return input()\n", IS("4"), "fail", "EOFError"},
    /* what is left out of a program, and what is not */
    {"prose behind a body", "    return x + 1\n\nIt's x (plus one), e.g. 4.\n",
     IS("4"), "pass", ""},
    {"words that are expressions",
     "    return x + 1\n\nDone\n\nNote: this\n"
     "[DONE]\nThis is it\nreturn\n",
     IS("4"), "pass", ""},
    {"a helper behind prose",
     "    return more(x)\n\nIt needs more.\n\n"
     "def more(x):\n    return x + 1\n",
     IS("4"), "pass", ""},
    {"a helper behind a print",
     "```\ndef f(x):\n    return more(x)\n"
     "print(f(1))\nassert f(1) == 3, '''\nno'''\ndef same(x):\n    return x\n"
     "@same\ndef more(x):\n    return x + 1\n```",
     IS("4"), "pass", ""},
    {"a print in a string",
     "```\ndef f(x):\n    return len('''\nprint(\n'''\n"
     ") + x - 7\n```",
     IS("4"), "pass", ""},
    {"an assertion in a docstring",
     "    '''\nassert x\n'''\n    return x + 1\n", IS("4"), "pass", ""},
    {"else at the margin",
     "Sure.\nimport os\nif 1 > 2:\n    d = 2\nelse:\n"
     "    d = 1\ntry:\n    d / 0\nexcept ZeroDivisionError:\n    pass\n"
     "def f(x):\n    return x + d\nSo it's done.\n",
     IS("4"), "pass", ""},
    {"a call at the margin is run",
     "```\nl = []\nl.append(1)\ndef f(x):\n"
     "    return x + l[0]\n```",
     IS("4"), "pass", ""},
    {"a call that shows an error",
     "```\ndef f(x):\n    return x + 1\nf('a')\n"
     "print(f('a'))\n```",
     IS("4"), "pass", ""},
    {"cut in a second function",
     "```\ndef f(x):\n    return x + 1\n\n"
     "def g(x):\n    return (x +\n",
     IS("4"), "pass", ""},
    {"cut in the function", "```\ndef f(x):\n    y = x + 1\n    return (y +\n",
     IS("4"), "fail", "defines no f"},
    {"a closed block is Python as a whole",
     "```\ndef f(x):\n"
     "    return x + 1\nSo it is.\n```",
     IS("4"), "fail", "SyntaxError"},
    {"no half of a function", "    y = x + 1\n    return y +\n    return y\n",
     IS("4"), "fail", "defines no f"},
    {"future statements stay first",
     "```\nN = 1\n```\n```\n"
     "from __future__ import annotations\ndef f(x: Any) -> No:\n"
     "    return x + N\n```",
     IS("4"), "pass", ""},
    /* what other blocks supply */
    {"a constant of an earlier block",
     "```\nN = 1\n```\nThen\n```\n"
     "def f(x):\n    return x + N\n```",
     IS("4"), "pass", ""},
    {"what that needs in turn",
     "```\nimport math\nA, B = 1, 2\n```\n```\n"
     "class C:\n    n = math.floor(A)\n```\n```\ndef f(x):\n"
     "    return x + C.n\n```",
     IS("4"), "pass", ""},
    {"the nearest block's",
     "```\nN = 7\n```\n```\nN = 2\nN = 1\n```\n```\n"
     "def f(x):\n    return x + N\n```",
     IS("4"), "pass", ""},
    {"a later block's",
     "```\ndef f(x):\n    return more(x)\n```\n```\n"
     "def more(x):\n    return x + 1\nprint(more(1) / 0)\n```",
     IS("4"), "pass", ""},
    {"its own name is its own",
     "```\nN = 7\ndef g(x):\n    return 0\n```\n"
     "```\nN = 1\ndef g(x):\n    return x\ndef f(x):\n"
     "    return g(x) + N\n```",
     IS("4"), "pass", ""},
    {"a local name asks for nothing",
     "```\ny = 1 / 0\n```\n```\ndef f(x):\n"
     "    y = 1\n    return x + y\n```",
     IS("4"), "pass", ""},
    {"nothing else of a block is run",
     "```\nN = 1\nraise SystemExit\n```\n"
     "```sh\n$ pip install x\n```\n```\ndef f(x):\n    return x + N\n```",
     IS("4"), "pass", ""},
    {"the first attempt is forgotten",
     "```\ndef f(x):\n    return 4\n```\n"
     "```\ndef f(x):\n    return 5\n```",
     IS("4"), "fail", NULL},
    /* data */
    {"types are kept", "    return [1, 1.0, True, None, 'a', (2,), {1: {2}}]\n",
     CHECK("    r = candidate(0)\n    assert repr(r) == "
           "\"[1, 1.0, True, None, 'a', (2,), {1: {2}}]\"\n"),
     "pass", ""},
    {"edges of numbers", "    return [2**53, -2**70, 1e308, -0.0, 5e-324]\n",
     CHECK("    r = candidate(0)\n    assert repr(r) == "
           "repr([2**53, -2**70, 1e308, -0.0, 5e-324])\n"),
     "pass", ""},
    {"infinite and none", "    i = float('inf')\n    return [i, -i, i - i]\n",
     CHECK("    a, b, c = candidate(0)\n    assert a == -b and a > 1e308 "
           "and c != c\n"),
     "pass", ""},
    {"any text", "    return ''.join(map(chr, [0, 34, 92, 0xd800, 0x1f600]))\n",
     IS("'\\0\"\\\\\\ud800\\U0001f600'"), "pass", ""},
    {"rarer kinds",
     "    from fractions import Fraction as F\n"
     "    from decimal import Decimal as D\n"
     "    return [b'a', 1j, range(3), frozenset([1]), F(1, 3), D('0.1')]\n",
     CHECK("    from fractions import Fraction as F\n"
           "    from decimal import Decimal as D\n"
           "    assert candidate(0) == [b'a', 1j, range(3), frozenset([1]), "
           "F(1, 3), D('0.1')]\n"),
     "pass", ""},
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
    {"objects equal nothing",
     "    class A:\n        __eq__ = lambda *a: True\n"
     "    return A()\n",
     IS("4"), "fail", NULL},
    {"but are true", "    return object()\n",
     CHECK("    assert candidate(3)\n"), "pass", ""},
    {"arguments of every kind", "    return repr(x)\n",
     CHECK("    for x in ((1, [2.5, {'a': (None, True)}]), {3}, 2**80, ''):\n"
           "        assert candidate(x) == repr(x)\n"
           "    assert candidate(x=[1]) == '[1]'\n"),
     "pass", ""},
    {"arguments by value", "    x.clear()\n    return x\n",
     CHECK("    a = [1]\n    assert candidate(a) == a\n"), "fail", NULL},
    {"a function as argument", "    return 4\n",
     CHECK("    assert candidate(len) == 4\n"), "error", "no plain data"},
    /* exceptions */
    {"the test's exception", "    raise ValueError('no')\n",
     CHECK("    try:\n        candidate(3)\n    except ValueError as e:\n"
           "        assert str(e) == 'no'\n        return\n"
           "    assert False\n"),
     "pass", ""},
    {"its nearest built-in",
     "    class E(KeyError):\n        pass\n    raise E(3)\n",
     CHECK("    try:\n        candidate(3)\n    except LookupError:\n"
           "        return\n    assert False\n"),
     "pass", ""},
    {"exit is no answer", "    raise SystemExit\n",
     CHECK("    try:\n        candidate(3)\n    except ValueError:\n"
           "        return\n"),
     "fail", "SystemExit"},
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
    {"the same random numbers",
     "    import random\n"
     "    return random.random()\n",
     IS("0.8444218515250481"), "pass", ""},
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
    struct code_opts o = {.workers = 1, .wait_s = 600, .cpu_s = 600};
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

/* Children of all threads of this process: two sandboxes a worker. */
static int children(void)
{
    DIR *d = opendir("/proc/self/task");
    struct dirent *x;
    int n = 0, pid;

    while (d && (x = readdir(d))) {
        char path[300];
        FILE *f;

        snprintf(path, sizeof path, "/proc/self/task/%s/children", x->d_name);
        f = fopen(path, "r");
        while (f && fscanf(f, "%d", &pid) == 1)
            n++;
        if (f)
            fclose(f);
    }
    if (d)
        closedir(d);
    return n;
}

/* Few items have one worker; the second comes while items wait, both while they
 * are submitted and while a verdict is waited for. */
static void a_worker_more_where_items_wait(void)
{
    struct code_opts o = {.workers = 2};
    struct code_verifier *v = NULL;
    struct code_verdict d;
    struct err e = {0};
    char text[80];

    T_CHECKF(!code_open(&v, &o, &e), "%s", e.msg);
    if (!v)
        return;
    T_EQ_INT(children(), 2);
    for (int i = 0; i < 1000 && children() < 4; i++) {
        for (int j = 0; j < 4; j++) {
            struct code_item item;

            snprintf(text, sizeof text,
                     "    import time\n    time.sleep(0.1)\n    return %d\n",
                     4 * i + j);
            item = item_of(helper, text, IS("4"), "f");
            T_CHECK(!code_submit(v, &item, &e));
        }
        for (int j = 0; j < 4; j++) {
            T_EQ_INT(code_collect(v, &d), 1);
            T_EQ_INT(d.passed, 4 * i + j == 4);
        }
    }
    T_EQ_INT(children(), 4);
    code_close(&v);
    T_EQ_INT(children(), 0);
}

/* Processes that want the one CPU that this test and its sandboxes may use from
 * here on. */
enum { HOGS = 3 };
static int make_busy(pid_t hog[HOGS])
{
    cpu_set_t one, all;
    size_t cpu = 0;

    if (sched_getaffinity(0, sizeof all, &all))
        return -1;
    while (!CPU_ISSET(cpu, &all))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (sched_setaffinity(0, sizeof one, &one))
        return -1;
    for (int i = 0; i < HOGS; i++)
        if ((hog[i] = fork()) == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (;;)
                ;
        }
    return 0;
}

#define BURN(s)                                                                \
    "    import time\n    end = time.process_time() + " s "\n"                 \
    "    while time.process_time() < end:\n        pass\n"

/* What a program may wait is less than what these compute. The machine's other
 * work counts for neither. */
static void a_busy_machine_is_no_timeout(void)
{
    static const struct judged items[] = {
        {"computes", BURN("0.8") "    return 4\n", IS("4"), "pass", ""},
        {"computes and waits",
         BURN("0.4") "    time.sleep(0.1)\n" BURN("0.4") "    return 4\n",
         IS("4"), "pass", ""},
        {"computes, in the test", "    return 4\n",
         CHECK(BURN("0.8") "    assert candidate(1) == 4\n"), "pass", ""},
        {"computes in a child",
         "    import os\n    if not os.fork():\n"
         "        end = os.times()[0] + 0.8\n"
         "        while os.times()[0] < end:\n            pass\n"
         "        os._exit(0)\n    os.wait()\n    return 4\n",
         IS("4"), "pass", ""},
        {"waits", "    import time\n    time.sleep(100)\n", IS("4"), "timeout",
         "of waiting"},
        {"waits for its like",
         "    import threading\n"
         "    threading.Event().wait()\n",
         IS("4"), "timeout", "of waiting"},
        {"the test waits", "    return 4\n",
         CHECK("    candidate(1)\n"
               "    import time\n    time.sleep(100)\n"),
         "timeout", "of waiting"},
    };
    struct code_opts o = {.workers = 1, .wait_s = 0.6, .cpu_s = 3};
    struct code_verifier *v = NULL;
    struct err e = {0};
    pid_t hog[HOGS];
    cpu_set_t before;

    T_CHECK(!sched_getaffinity(0, sizeof before, &before));
    T_CHECK(!make_busy(hog));
    T_CHECKF(!code_open(&v, &o, &e), "%s", e.msg);
    for (size_t i = 0; v && i < sizeof items / sizeof *items; i++) {
        const struct judged *j = &items[i];
        struct code_item item = item_of(helper, j->response, j->test, "f");
        struct code_verdict d = {0};
        double t = clock_s(CLOCK_MONOTONIC);

        T_CHECKF(!code_verify(v, &item, &d, &e), "%s", e.msg);
        T_CHECKF(!strcmp(outcome(&d), j->verdict) &&
                     strstr(d.detail, j->detail),
                 "%s: %s (%s), expected %s", j->what, outcome(&d), d.detail,
                 j->verdict);
        /* each has a quarter of the CPU, or less where others run, too */
        t = clock_s(CLOCK_MONOTONIC) - t;
        T_CHECKF(t < 30, "%s took %.1f s", j->what, t);
    }
    code_close(&v);
    for (int i = 0; i < HOGS; i++)
        if (hog[i] > 0) {
            kill(hog[i], SIGKILL);
            waitpid(hog[i], NULL, 0);
        }
    sched_setaffinity(0, sizeof before, &before);
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
    struct code_opts o = {.workers = 2, .wait_s = 30, .cpu_s = 1};
    struct err e = {0};

    T_RUN(extracts_the_program);
    T_RUN(takes_the_other_blocks_nearest_first);
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
    if (access("/proc/thread-self/children", R_OK))
        T_SKIP("a_worker_more_where_items_wait", "/proc has no children");
    else
        T_RUN(a_worker_more_where_items_wait);
    if (access("/proc/thread-self/children", R_OK) ||
        access("/proc/thread-self/schedstat", R_OK))
        T_SKIP("a_busy_machine_is_no_timeout",
               "/proc has no children or no schedstat");
    else
        T_RUN(a_busy_machine_is_no_timeout);
    T_RUN(no_sandbox_no_verdict);
    T_DONE();
}
