/* lex - see lex.h */
#include "lex.h"
#include <ctype.h>
#include <string.h>

struct lexer {
    struct arena *a;
    struct text t;
    size_t i;
    enum comma comma;
    int space, nest;
    int depth; /* of () and []: commas there part items */
    struct tok *v;
    size_t n;
    const char *why;
};

static struct tok *emit(struct lexer *l, enum tok_type type, const char *s)
{
    struct tok *k = &l->v[l->n++];

    memset(k, 0, sizeof *k);
    k->type = type;
    k->s = s;
    k->space = (char)l->space;
    l->space = 0;
    return k;
}

static void emit_ch(struct lexer *l, char c)
{
    emit(l, T_CH, "")->ch = c;
}

static char at(const struct lexer *l, size_t i)
{
    return i < l->t.n ? l->t.s[i] : 0;
}

static int digit(const struct lexer *l, size_t i)
{
    return isdigit((unsigned char)at(l, i)) != 0;
}

static size_t run_of_digits(const struct lexer *l, size_t i)
{
    size_t k = 0;
    while (digit(l, i + k))
        k++;
    return k;
}

/* Is the digit string at i grouped by commas as thousands (1,234,567) or
 * as in India (12,34,567)? The length of it all, or 0. */
static size_t grouped(const struct lexer *l, size_t i)
{
    size_t k = run_of_digits(l, i), two = 0, three = 0, j = i + k, last = 0;

    if (k == 0 || k > 3 || at(l, i) == '0')
        return 0;
    while (at(l, j) == ',' && digit(l, j + 1)) {
        size_t g = run_of_digits(l, j + 1);
        if (g != 2 && g != 3)
            return 0;
        two += g == 2;
        three += g == 3;
        last = g;
        j += 1 + g;
    }
    if (!last || last != 3 || (two && (three > 1 || k > 2)))
        return 0;
    return j - i;
}

/* "\,", "{,}", ",\!", "\!" between digits: the length of the gap. */
static size_t tex_gap(const struct lexer *l, size_t i)
{
    static const char *const gaps[] = { "{,}", "{,}\\!", ",\\!", "\\!",
                                        "\\,", ",\\! ", "\\! ", "\\, ",
                                        "~" };
    size_t best = 0;

    for (size_t k = 0; k < sizeof gaps / sizeof gaps[0]; k++) {
        size_t m = strlen(gaps[k]);
        if (m > best && text_starts(l->t, i, gaps[k]) && digit(l, i + m))
            best = m;
    }
    return best;
}

static size_t space_group(const struct lexer *l, size_t i, size_t before)
{
    return at(l, i) == ' ' && before <= 3 && run_of_digits(l, i + 1) == 3 &&
           at(l, i + 4) != '/' &&
           (at(l, i + 4) != ',' || l->comma == COMMA_DECIMAL);
}

/* "\overline{36}" right behind a decimal: its digits, or NULL. */
static const char *repeating(struct lexer *l)
{
    static const char *const marks[] = { "\\overline{", "\\bar{",
                                         "\\dot{" };

    for (size_t k = 0; k < sizeof marks / sizeof marks[0]; k++) {
        size_t m = strlen(marks[k]), n;
        if (!text_starts(l->t, l->i, marks[k]))
            continue;
        n = run_of_digits(l, l->i + m);
        if (n == 0 || n > 50 || at(l, l->i + m + n) != '}')
            continue;
        const char *s = arena_strndup(l->a, l->t.s + l->i + m, n);
        l->i += m + n + 1;
        return s;
    }
    return NULL;
}

static void number(struct lexer *l)
{
    char *d = arena_alloc(l->a, l->t.n - l->i + 2);
    size_t o = 0, k = 0, g;
    int places = 0, ex = 0, joined = 0;
    const char *repeat = NULL;

    if ((g = grouped(l, l->i)) && l->comma == COMMA_THOUSANDS &&
        !l->depth) {
        for (k = 0; k < g; k++)
            if (at(l, l->i + k) != ',')
                d[o++] = at(l, l->i + k);
        l->i += g;
        joined = 1;
    } else {
        size_t group = 0;
        while (digit(l, l->i) || (group && (k = tex_gap(l, l->i))) ||
               (group && !l->depth && (joined != 2 || group == 3) &&
                (k = space_group(l, l->i, group)))) {
            if (digit(l, l->i)) {
                d[o++] = at(l, l->i++);
                group++;
            } else {
                joined = at(l, l->i) == ' ' ? 2 : 1;
                l->i += k;
                group = 0;
            }
        }
    }
    /* "40,000" is thousands, and what stands in brackets is a row */
    int comma = l->comma == COMMA_DECIMAL && !g && !l->depth;
    char point = comma ? ',' : '.';
    if (comma && o <= 3)
        while (at(l, l->i) == '.' && run_of_digits(l, l->i + 1) == 3) {
            memcpy(d + o, l->t.s + l->i + 1, 3); /* 1.234,5 */
            o += 3;
            l->i += 4;
        }
    if ((at(l, l->i) == point || at(l, l->i) == '.') &&
        digit(l, l->i + 1)) {
        k = run_of_digits(l, l->i + 1);
        memcpy(d + o, l->t.s + l->i + 1, k);
        o += k;
        places = (int)(k < 100000 ? k : 100000);
        l->i += k + 1;
    } else if (at(l, l->i) == '.' && at(l, l->i + 1) == '\\') {
        l->i++; /* "0.\overline{3}" */
    } else if (at(l, l->i) == '.' && !isalpha((unsigned char)at(l, l->i + 1))
               && at(l, l->i + 1) != '.') {
        l->i++; /* "5." */
    }
    d[o] = 0;
    if (l->i && (places || at(l, l->i - 1) == '.'))
        repeat = repeating(l);
    char c = at(l, l->i);
    if (c == 'e' || c == 'E') {
        size_t j = l->i + 1, neg = at(l, j) == '-';
        j += at(l, j) == '-' || at(l, j) == '+';
        k = run_of_digits(l, j);
        if (k && k < 7 && !isalpha((unsigned char)at(l, j + k))) {
            for (size_t m = 0; m < k; m++)
                ex = ex * 10 + (at(l, j + m) - '0');
            if (neg)
                ex = -ex;
            l->i = j + k;
        }
    }
    struct tok *t = emit(l, T_NUM, d);
    t->exp10 = ex - places;
    t->places = places;
    t->repeat = repeat;
    t->joined = (char)joined;
}

/* ---- words ------------------------------------------------------------- */

static int in_list(const char *const *list, struct text w)
{
    for (int i = 0; list[i]; i++)
        if (text_is(w, list[i]))
            return 1;
    return 0;
}

static const char *const functions[] = {
    "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan",
    "asin", "acos", "atan", "sinh", "cosh", "tanh", "log", "ln", "lg",
    "exp", "sqrt", "abs", "max", "min", "gcd", "lcm", "floor", "ceil",
    "det", "arg", "Re", "Im", "cbrt", "factorial", "binomial", "arccot",
    "arcsec", "arccsc", "arsinh", "arcosh", "artanh", "deg", "dim", "ker",
    "sgn", "sign", NULL
};
static const char *const greek[] = {
    "alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta",
    "eta", "theta", "vartheta", "iota", "kappa", "lambda", "mu", "nu", "xi",
    "rho", "sigma", "tau", "upsilon", "phi", "varphi", "chi", "psi",
    "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma",
    "Phi", "Psi", "Omega", "ell", "hbar", "aleph", NULL
};

static void emit_word(struct lexer *l, const char *w)
{
    static const char *const hedges[] = { "approximately", "about", "approx",
                                          "around", "roughly", "exactly",
                                          NULL };

    if (l->n == 0 && in_list(hedges, text_of(w, strlen(w))))
        return;
    emit(l, T_TEXT, w);
}

/* Letters of a word that stand for themselves. */
static void letters(struct lexer *l, struct text w)
{
    for (size_t i = 0; i < w.n; i++) {
        char c = w.s[i];
        struct tok *k;
        if (c == 'e')
            k = emit(l, T_CONST, "e");
        else if (c == 'i' || c == 'I')
            k = emit(l, T_CONST, "i");
        else
            k = emit(l, T_SYM, arena_strndup(l->a, &c, 1));
        k->word = i > 0;
    }
}

/* Words of two and three letters that are words and not products. */
static const char *const short_words[] = {
    "odd", "yes", "no", "one", "two", "six", "ten", "all", "any", "cm",
    "mm", "km", "kg", "mg", "ml", "ft", "in", "mi", "hr", "min", "sec",
    "day", "days", "pct", "cup", "the", "is", "of", "if", "for", "to",
    "red", "mph", "kmh", "men", "sq", "pm", "am", "PM", "AM", "Yes", "No",
    "cents", "units", "unit", "not", "kWh", "dm", "lb", "lbs", "oz", "yd",
    "kPa", "rad", "mod", "per", "Odd", "big", "low", "NO", "YES", "so",
    "as", "at", "by", "on", "we", "it", "be", "it's", "who", "you", "None",
    "are", "was", "USD", "usd", "EUR", "RMB", "yrs", "hrs", "Red", "Bob",
    NULL
};

/* Could these letters be a product, like AB, xyz, abcd? */
static int product_like(struct text w)
{
    int upper = 1, ordered = 1;

    if (in_list(short_words, w))
        return 0;
    if (w.n <= 3)
        return 1;
    for (size_t i = 0; i < w.n; i++) {
        upper &= isupper((unsigned char)w.s[i]) != 0;
        ordered &= !i || w.s[i] >= w.s[i - 1];
    }
    return w.n <= 6 && (upper || ordered);
}

static void word(struct lexer *l, struct text w);

/* "cosx", "2pir": a known name with one or two letters behind it. */
static int prefixed(struct lexer *l, struct text w)
{
    static const char *const heads[] = { "sin", "cos", "tan", "ln", "log",
                                         "sqrt", "exp", "pi", NULL };

    for (int i = 0; heads[i]; i++) {
        size_t k = strlen(heads[i]);
        if (w.n > k && w.n <= k + 2 && !memcmp(w.s, heads[i], k) &&
            !in_list(short_words, w)) {
            word(l, text_of(w.s, k));
            letters(l, text_of(w.s + k, w.n - k));
            return 1;
        }
    }
    return 0;
}

static void word(struct lexer *l, struct text w)
{
    const char *s = arena_strndup(l->a, w.s, w.n);
    int after_num = l->n && (l->v[l->n - 1].type == T_NUM ||
                             (l->v[l->n - 1].type == T_CH &&
                              strchr("})$", l->v[l->n - 1].ch)));

    if (text_is(w, "and") || text_is(w, "or") || text_is(w, "And") ||
        text_is(w, "Or"))
        emit(l, T_SEP, s);
    else if (text_is(w, "pi"))
        emit(l, T_CONST, "pi");
    else if (text_is(w, "infinity") || text_is(w, "inf") ||
             text_is(w, "Infinity") || text_is(w, "infty") ||
             text_is(w, "oo"))
        emit(l, T_CONST, "inf");
    else if (text_is(w, "percent") || text_is(w, "pct") ||
             text_is(w, "percentage"))
        emit_ch(l, '%');
    else if (text_is(w, "degrees") || text_is(w, "degree"))
        emit(l, T_CMD, "circ");
    else if (text_is(w, "in") && !after_num && l->n)
        emit(l, T_CMD, "in");
    else if (text_is(w, "cup") && !after_num)
        emit(l, T_CMD, "cup");
    else if (text_is(w, "U") && l->n && l->v[l->n - 1].type == T_CH &&
             strchr(")]}", l->v[l->n - 1].ch))
        emit(l, T_CMD, "cup");
    else if (after_num && !l->space &&
             (text_is(w, "st") || text_is(w, "nd") || text_is(w, "rd") ||
              text_is(w, "th")))
        return; /* 3rd */
    else if (in_list(functions, w) &&
             !(after_num && (text_is(w, "min") || text_is(w, "sec"))))
        emit(l, T_FN, s);
    else if (in_list(greek, w))
        emit(l, T_SYM, s);
    else if (w.n == 1 || (product_like(w) && !(after_num && w.n > 2)))
        letters(l, w);
    else if (!prefixed(l, w))
        emit_word(l, s);
}

/* ---- commands ---------------------------------------------------------- */

static const char *const ignored[] = {
    "left", "right", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl",
    "Bigr", "biggl", "biggr", "displaystyle", "textstyle", "limits",
    "nolimits", "boxed", "fbox", "mathstrut", "rm", "bf", "it", "hline",
    "angle", "triangle", "nonumber", "scriptstyle", "middle", "underline",
    "hspace", "vspace", "hphantom", "phantom", "mathbf", "mathit",
    "boldsymbol", "bm", "mathcal", "mathfrak", "mathscr", "overline",
    "vec", "hat", "bar", "overrightarrow", "widehat", "tilde", "therefore",
    "dot", "mathop", "measuredangle", NULL
};
static const char *const textual[] = {
    "text", "textbf", "textit", "textrm", "mbox", "textnormal", "mathrm",
    "operatorname", "mathsf", "textsf", "texttt", "hbox", "emph", "mathtt",
    "text*", NULL
};

/* "p.m.", "AM": its length, or 0. */
static size_t clock_mark(struct text t)
{
    static const char *const marks[] = { "a.m.", "p.m.", "a.m", "p.m", "am",
                                         "pm" };

    for (size_t k = 0; k < sizeof marks / sizeof marks[0]; k++) {
        size_t m = strlen(marks[k]);
        if (text_starts_nocase(t, 0, marks[k]) &&
            (m == t.n || !isalnum((unsigned char)t.s[m])))
            return m;
    }
    return 0;
}

/* "m/s", "km/h", "g/L" behind a number: its length, or 0. */
static size_t rate(struct text t)
{
    static const char *const per[] = { "s", "h", "hr", "min", "sec", "l",
                                       "L", "kg", "second", "hour",
                                       "minute", "day", "gallon" };
    size_t k = 0, j;

    while (k < t.n && islower((unsigned char)t.s[k]))
        k++;
    if (k == 0 || k > 2 || k >= t.n || t.s[k] != '/')
        return 0;
    for (j = k + 1; j < t.n && isalpha((unsigned char)t.s[j]);)
        j++;
    for (size_t i = 0; i < sizeof per / sizeof per[0]; i++)
        if (text_is(text_of(t.s + k + 1, j - k - 1), per[i]))
            return j;
    return 0;
}

static size_t brace_end(const struct lexer *l, size_t i)
{
    int depth = 0;

    for (size_t j = i; j < l->t.n; j++) {
        if (at(l, j) == '\\') {
            j++;
            continue;
        }
        depth += at(l, j) == '{';
        depth -= at(l, j) == '}';
        if (!depth)
            return j;
    }
    return l->t.n;
}

static void plain(struct lexer *l, struct text t);

/* \text{...}: separators, numbers and single letters are what they are;
 * other words are text. */
static void text_group(struct lexer *l)
{
    while (at(l, l->i) == ' ')
        l->i++;
    if (at(l, l->i) != '{')
        return;
    size_t end = brace_end(l, l->i);
    struct text in = text_of(l->t.s + l->i + 1,
                             end > l->i ? end - l->i - 1 : 0);
    int words = 0, cut = 0;

    l->i = end < l->t.n ? end + 1 : end;
    l->space |= in.n && in.s[0] == ' ';
    in = text_trim(in);
    while (in.n && (in.s[in.n - 1] == '.' || in.s[in.n - 1] == ',') &&
           !(in.n > 2 && isalpha((unsigned char)in.s[in.n - 2]) &&
             in.s[in.n - 1] == '.')) {
        cut |= in.s[in.n - 1] == ',';
        in.n--;
    }
    if (!in.n) {
        if (cut)
            emit_ch(l, ',');
        return;
    }
    for (size_t i = 0; i < in.n; i++) {
        size_t k = 0;
        while (i + k < in.n && isalpha((unsigned char)in.s[i + k]))
            k++;
        if (k > 1) {
            struct text w = text_of(in.s + i, k);
            words += !text_is(w, "and") && !text_is(w, "or") &&
                     !in_list(functions, w) && !text_is(w, "pi") &&
                     !text_is(w, "percent") && !text_is(w, "degrees") &&
                     !text_is(w, "degree");
        }
        if ((unsigned char)in.s[i] >= 0x80)
            words++;
        i += k ? k - 1 : 0;
    }
    words += clock_mark(in) > 0 || rate(in) == in.n;
    int letter = in.n == 1 && isalpha((unsigned char)in.s[0]);
    if (words || (letter && !strchr("eiI", in.s[0]) && l->n &&
                  l->v[l->n - 1].type == T_NUM))
        emit_word(l, arena_strndup(l->a, in.s, in.n));
    else
        plain(l, in);
    if (cut)
        emit_ch(l, ',');
}

static void command(struct lexer *l)
{
    static const char *const alias[][2] = {
        { "dfrac", "frac" }, { "tfrac", "frac" }, { "cfrac", "frac" },
        { "dbinom", "binom" }, { "tbinom", "binom" }, { "le", "leq" },
        { "leqslant", "leq" }, { "geqslant", "geq" }, { "ge", "geq" },
        { "neq", "ne" }, { "lt", "<" }, { "gt", ">" }, { "cdot", "*" },
        { "times", "*" }, { "ast", "*" }, { "div", "/" }, { "colon", ":" },
        { "lbrace", "{" }, { "rbrace", "}" }, { "vert", "|" },
        { "mid", "|" }, { "lvert", "|" }, { "rvert", "|" },
        { "degree", "circ" }, { "prime", "'" }, { "cdots", "ldots" },
        { "dots", "ldots" }, { "dotsc", "ldots" }, { "dotsb", "ldots" },
        { "simeq", "approx" }, { "thickapprox", "approx" },
        { "lbrack", "[" }, { "rbrack", "]" }, { "varnothing", "emptyset" },
        { "bigcup", "cup" }, { "bigcap", "cap" }, { "backslash", "setminus" },
        { "land", "and" }, { "lor", "or" }, { "wedge", "and" },
        { "vee", "or" }, { "vdots", "ldots" }, { "colon", ":" },
        { "cong", "approx" }, { "equiv", "=" }, { "mp", "pm" }
    };
    size_t k = l->i + 1;

    while (isalpha((unsigned char)at(l, k)))
        k++;
    struct text w = text_of(l->t.s + l->i + 1, k - l->i - 1);
    if (at(l, k) == '*')
        k++;
    l->i = k;
    if (in_list(ignored, w)) {
        if ((text_is(w, "left") || text_is(w, "right")) && at(l, k) == '.')
            l->i++;
        return;
    }
    if (text_is(w, "quad") || text_is(w, "qquad") || text_is(w, "enspace")) {
        l->space = 1;
        return;
    }
    if (in_list(textual, w)) {
        text_group(l);
        return;
    }
    if (text_is(w, "mathbb")) {
        while (at(l, k) == ' ')
            k++;
        size_t j = at(l, k) == '{' ? k + 1 : k;
        char name[3] = { at(l, j), at(l, j), 0 };
        if (!isalpha((unsigned char)name[0]))
            return;
        emit(l, T_SYM, arena_strndup(l->a, name, 2));
        l->i = at(l, k) == '{' ? j + 2 : j + 1;
        return;
    }
    if (text_is(w, "begin") || text_is(w, "end")) {
        size_t end = brace_end(l, k);
        const char *env = arena_strndup(l->a, l->t.s + k + 1,
                                        end > k ? end - k - 1 : 0);
        l->i = end < l->t.n ? end + 1 : end;
        emit(l, T_CMD, text_is(w, "begin") ? "begin" : "end");
        l->depth += text_is(w, "begin") ? 1 : -1;
        emit(l, T_TEXT, env);
        return;
    }
    for (size_t j = 0; j < sizeof alias / sizeof alias[0]; j++)
        if (text_is(w, alias[j][0])) {
            w = text_of(alias[j][1], strlen(alias[j][1]));
            break;
        }
    if (w.n == 1 && !isalpha((unsigned char)w.s[0])) {
        emit_ch(l, w.s[0]);
    } else if (text_is(w, "infty")) {
        emit(l, T_CONST, "inf");
    } else if (text_is(w, "pi")) {
        emit(l, T_CONST, "pi");
    } else if (text_is(w, "and") || text_is(w, "or")) {
        emit(l, T_SEP, "and");
    } else if (in_list(functions, w) && !text_is(w, "sqrt")) {
        emit(l, T_FN, arena_strndup(l->a, w.s, w.n));
    } else if (in_list(greek, w)) {
        emit(l, T_SYM, arena_strndup(l->a, w.s, w.n));
    } else {
        emit(l, T_CMD, arena_strndup(l->a, w.s, w.n));
    }
}

/* "\{", "\,", "\\" and the like. */
static void escape(struct lexer *l)
{
    char c = at(l, l->i + 1);

    l->i += 2;
    if (c == '{' || c == '}')
        emit(l, T_CMD, c == '{' ? "{" : "}");
    else if (c == '%')
        emit_ch(l, '%');
    else if (c == '|')
        emit_ch(l, '|');
    else if (c == '\\')
        emit(l, T_CMD, "\\");
    else if (c && strchr(",;:! ()[]$&#_\"'\n", c))
        l->space = 1;
    else if (isdigit((unsigned char)c) || c == '-') {
        l->i--; /* a stray backslash */
        l->space = 1;
    }
}

static int two_chars(struct lexer *l)
{
    static const char *const ops[][2] = {
        { "<=", "leq" }, { ">=", "geq" }, { "!=", "ne" }, { "=>", "to" },
        { "=<", "leq" }, { "->", "to" }, { "+-", "pm" }, { "==", "=" },
        { "...", "ldots" }, { "~=", "approx" }
    };

    if (text_starts(l->t, l->i, "**")) {
        l->i += 2;
        emit_ch(l, '^');
        return 1;
    }
    for (size_t k = 0; k < sizeof ops / sizeof ops[0]; k++) {
        if (!text_starts(l->t, l->i, ops[k][0]))
            continue;
        l->i += strlen(ops[k][0]);
        if (!strcmp(ops[k][1], "="))
            emit_ch(l, '=');
        else
            emit(l, T_CMD, ops[k][1]);
        return 1;
    }
    return 0;
}

static void plain(struct lexer *l, struct text t)
{
    struct text outer = l->t;
    size_t at_outer = l->i;

    if (++l->nest > 20) {
        l->why = "too deep";
        return;
    }
    l->t = t;
    l->i = 0;
    while (l->i < l->t.n && !l->why) {
        char c = at(l, l->i);
        if (isspace((unsigned char)c) || c == '~' || c == '$') {
            l->space = 1;
            l->i++;
        } else if (isdigit((unsigned char)c) ||
                   (c == '.' && digit(l, l->i + 1))) {
            number(l);
        } else if (c == '\\') {
            if (isalpha((unsigned char)at(l, l->i + 1)))
                command(l);
            else
                escape(l);
        } else if (isalpha((unsigned char)c)) {
            size_t k = l->i;
            while (isalpha((unsigned char)at(l, k)))
                k++;
            struct text w = text_of(l->t.s + l->i, k - l->i);
            struct text rest = text_of(l->t.s + l->i, l->t.n - l->i);
            int after = l->n && l->v[l->n - 1].type == T_NUM;
            size_t m = after ? clock_mark(rest) : 0;
            size_t u = after ? rate(rest) : 0;
            if (u) {
                emit_word(l, arena_strndup(l->a, rest.s, u));
                l->i += u;
                continue;
            }
            if (after && !m && w.n > 2 && !l->space &&
                text_starts(w, 0, "or"))
                w.n = m = 2; /* "x = 1or" */
            l->i += m ? m : w.n;
            if (m > 2 || (m && w.s[0] != 'o'))
                emit_word(l, arena_strndup(l->a, rest.s, m));
            else
                word(l, w);
        } else if ((unsigned char)c >= 0x80) {
            size_t k = l->i;
            while ((unsigned char)at(l, k) >= 0x80)
                k++;
            emit_word(l, arena_strndup(l->a, l->t.s + l->i, k - l->i));
            l->i = k;
        } else if (two_chars(l)) {
            continue;
        } else if (strchr("+-*/^_()[]{}|<>=,;:!%'&.", c)) {
            l->depth += c == '(' || c == '[';
            l->depth -= c == ')' || c == ']';
            l->i++;
            if (c != '.')
                emit_ch(l, c);
        } else if (c == '"' || c == '`' || c == '?') {
            l->i++;
        } else {
            l->why = "a character that is not mathematics";
        }
    }
    l->t = outer;
    l->i = at_outer;
    l->nest--;
}

struct toks lex(struct arena *a, struct text t, enum comma comma)
{
    struct lexer l = { .a = a, .comma = comma };
    struct toks r = { 0 };

    /* every token eats at least one byte, but \begin{} gives two tokens for
     * many bytes and a \text{}'s comma one more */
    l.v = arena_alloc(a, (t.n + 4) * sizeof *l.v);
    plain(&l, t);
    emit(&l, T_END, "");
    r.v = l.v;
    r.n = l.n;
    r.why = l.why;
    return r;
}
