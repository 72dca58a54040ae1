/* lex - see lex.h */
#include "lex_impl.h"

struct tok *lex_emit(struct lexer *l, enum tok_type type, const char *s)
{
    struct tok *k = &l->v[l->n++];

    memset(k, 0, sizeof *k);
    k->type = type;
    k->s = s;
    k->space = (char)l->space;
    l->space = 0;
    return k;
}

void lex_emit_ch(struct lexer *l, char c)
{
    lex_emit(l, T_CH, "")->ch = c;
}

static const char ignored[] =
    "left|right|big|Big|bigg|Bigg|bigl|bigr|Bigl|Bigr|biggl|biggr|"
    "displaystyle|textstyle|limits|nolimits|boxed|fbox|mathstrut|rm|bf|it|"
    "hline|angle|triangle|nonumber|scriptstyle|middle|underline|hspace|"
    "vspace|hphantom|phantom|mathbf|mathit|boldsymbol|bm|mathcal|mathfrak|"
    "mathscr|overline|vec|hat|bar|overrightarrow|widehat|tilde|therefore|"
    "dot|mathop|measuredangle|large|Large|LARGE|huge|Huge|small|tiny|"
    "normalsize|footnotesize";
static const char textual[] =
    "text|textbf|textit|textrm|mbox|textnormal|mathrm|operatorname|mathsf|"
    "textsf|texttt|hbox|emph|mathtt|text*";

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
    while (in.n > 1 && in.s[0] == ',') {
        lex_emit_ch(l, ',');
        in = text_trim(text_of(in.s + 1, in.n - 1));
    }
    if (!l->n && in.n > 1 && in.s[in.n - 1] == ':' &&
        isalpha((unsigned char)in.s[0]))
        return; /* "\\text{Total: }16" */
    if (in.n > 1 && in.s[0] == '(' && !memchr(in.s, ')', in.n)) {
        lex_emit_ch(l, '('); /* closed outside */
        in = text_trim(text_of(in.s + 1, in.n - 1));
    }
    while (in.n && (in.s[in.n - 1] == '.' || in.s[in.n - 1] == ',') &&
           !(in.n > 2 && isalpha((unsigned char)in.s[in.n - 2]) &&
             in.s[in.n - 1] == '.')) {
        cut |= in.s[in.n - 1] == ',';
        in.n--;
    }
    if (!in.n) {
        if (cut)
            lex_emit_ch(l, ',');
        return;
    }
    for (size_t i = 0; i < in.n; i++) {
        size_t k = 0;
        while (i + k < in.n && isalpha((unsigned char)in.s[i + k]))
            k++;
        if (k > 1) {
            struct text w = text_of(in.s + i, k);
            words += !text_is(w, "and") && !text_is(w, "or") &&
                     !lex_is_function(w) && !text_is(w, "pi") &&
                     !text_is(w, "percent") && !text_is(w, "degrees") &&
                     !text_is(w, "degree");
        }
        if ((unsigned char)in.s[i] >= 0x80)
            words++;
        i += k ? k - 1 : 0;
    }
    words += lex_clock(in) > 0 || lex_rate(in) == in.n;
    int letter = in.n == 1 && isalpha((unsigned char)in.s[0]);
    size_t sign = in.s[0] == '-' || in.s[0] == '$' ? 1
                  : in.s[0] == '\\' && in.n > 1 && in.s[1] == '$' ? 2 : 0;
    int number = in.n > sign && isdigit((unsigned char)in.s[sign]);
    letter &= in.s[0] != 'd' || !isalpha((unsigned char)at(l, l->i));
    const char *link = in.n > 4 && text_is(text_of(in.s + in.n - 4, 4), " and")
                           ? "and" : NULL; /* "dollars and" */
    in.n -= link ? 4 : 0;
    if ((words && !number) || (letter && !strchr("eiI", in.s[0]) && l->n &&
                  l->v[l->n - 1].type == T_NUM))
        lex_text(l, arena_strndup(l->a, in.s, in.n));
    else
        plain(l, in);
    if (link)
        lex_emit(l, T_SEP, link);
    if (cut)
        lex_emit_ch(l, ',');
}

static const char *currency(struct text w)
{
    static const char *const signs[][2] = {
        { "pounds", "gbp" }, { "textsterling", "gbp" },
        { "mathsterling", "gbp" }, { "euro", "euro" }, { "texteuro", "euro" },
        { "yen", "yen" }, { "textyen", "yen" }, { "won", "won" },
        { "rupee", "rupee" }, { "textdollar", "dollar" }
    };

    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (text_is(w, signs[i][0]))
            return signs[i][1];
    return NULL;
}

/* "\\color{red}", "\\textcolor{red}": past the colour's name. */
static int colour(struct lexer *l, struct text w)
{
    if (!text_is(w, "color") && !text_is(w, "textcolor") &&
        !text_is(w, "colorbox") && !text_is(w, "mathcolor") &&
        !text_is(w, "fcolorbox"))
        return 0;
    int names = w.s[0] == 'f' ? 2 : 1;
    while (at(l, l->i) == ' ')
        l->i++;
    if (at(l, l->i) == '[')
        while (l->i < l->t.n && at(l, l->i++) != ']')
            ;
    while (at(l, l->i) == '{' && names-- > 0) {
        size_t end = brace_end(l, l->i);
        l->i = end < l->t.n ? end + 1 : end;
    }
    return 1;
}

/* "\\bar{x}", "\\hat x": another name than x; over more than a letter such a
 * mark says only what it is ("\\overline{AB}"). */
static int accented(struct lexer *l, struct text w)
{
    size_t i = l->i, brace;

    if (!text_in(w, "bar|overline|hat|widehat|tilde|widetilde|dot|ddot"))
        return 0;
    while (at(l, i) == ' ')
        i++;
    brace = at(l, i) == '{';
    i += brace;
    char c = at(l, i);
    if (!isalpha((unsigned char)c) || (brace && at(l, i + 1) != '}'))
        return 0;
    l->i = i + 1 + brace;
    lex_emit(l, T_SYM, arena_printf(l->a, "%c^%.3s", c,
                                    w.s[0] == 'o' ? "bar"
                                    : w.s[0] == 'w' ? w.s + 4 : w.s));
    return 1;
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
        { "vee", "or" }, { "vdots", "ldots" },
        { "cong", "approx" }, { "equiv", "=" }, { "mp", "pm" }
    };
    size_t k = l->i + 1;

    while (isalpha((unsigned char)at(l, k)))
        k++;
    struct text w = text_of(l->t.s + l->i + 1, k - l->i - 1);
    if (at(l, k) == '*')
        k++;
    l->i = k;
    if (accented(l, w))
        return;
    if (text_in(w, ignored)) {
        if ((text_is(w, "left") || text_is(w, "right")) && at(l, k) == '.')
            l->i++;
        return;
    }
    if (colour(l, w))
        return;
    if (text_is(w, "quad") || text_is(w, "qquad") || text_is(w, "enspace")) {
        l->space = 1;
        return;
    }
    if (currency(w)) {
        lex_emit(l, T_CUR, currency(w));
        return;
    }
    if (text_in(w, textual)) {
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
        l->i = at(l, k) == '{' ? j + 2 : j + 1;
        static const char *const plus[] = { "^+", "^{+}", "_+", "_{+}",
                                            "^*", "^{*}", "_{>0}" };
        for (size_t m = 0; m < 7; m++)
            if (text_starts(l->t, l->i, plus[m]) &&
                (m != 4 || name[0] == 'N') && (m != 5 || name[0] == 'N')) {
                l->i += strlen(plus[m]);
                name[0] = name[0] == 'N' ? 'Z' : name[0];
                name[1] = '+';
                break;
            }
        lex_emit(l, T_SYM, arena_strndup(l->a, name, 2));
        return;
    }
    if (text_is(w, "begin") || text_is(w, "end")) {
        size_t end = brace_end(l, k);
        const char *env = arena_strndup(l->a, l->t.s + k + 1,
                                        end > k ? end - k - 1 : 0);
        l->i = end < l->t.n ? end + 1 : end;
        lex_emit(l, T_CMD, text_is(w, "begin") ? "begin" : "end");
        l->depth += text_is(w, "begin") ? 1 : -1;
        lex_emit(l, T_TEXT, env);
        return;
    }
    for (size_t j = 0; j < sizeof alias / sizeof alias[0]; j++)
        if (text_is(w, alias[j][0])) {
            w = text_of(alias[j][1], strlen(alias[j][1]));
            break;
        }
    if (w.n == 1 && !isalpha((unsigned char)w.s[0])) {
        lex_emit_ch(l, w.s[0]);
    } else if (text_is(w, "infty")) {
        lex_emit(l, T_CONST, "inf");
    } else if (text_is(w, "pi")) {
        lex_emit(l, T_CONST, "pi");
    } else if (text_is(w, "and") || text_is(w, "or")) {
        lex_emit(l, T_SEP, w.n == 2 ? "or" : "and");
    } else if (text_is(w, "forall")) {
        lex_emit(l, T_SEP, "with");
    } else if (lex_is_function(w) && !text_is(w, "sqrt")) {
        lex_emit(l, T_FN, arena_strndup(l->a, w.s, w.n));
    } else if (lex_is_greek(w)) {
        lex_emit(l, T_SYM, arena_strndup(l->a, w.s, w.n));
    } else {
        lex_emit(l, T_CMD, arena_strndup(l->a, w.s, w.n));
    }
}

/* "\{", "\,", "\\" and the like. */
static void escape(struct lexer *l)
{
    char c = at(l, l->i + 1);

    l->i += 2;
    if (c == '{' || c == '}')
        lex_emit(l, T_CMD, c == '{' ? "{" : "}");
    else if (c == '%')
        lex_emit_ch(l, '%');
    else if (c == '|')
        lex_emit_ch(l, '|');
    else if (c == '\\')
        lex_emit(l, T_CMD, "\\");
    else if (c == '$')
        lex_emit(l, T_CUR, "dollar");
    else if (c && strchr(",;:! ()[]&#_\"'\n", c))
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
        lex_emit_ch(l, '^');
        return 1;
    }
    for (size_t k = 0; k < sizeof ops / sizeof ops[0]; k++) {
        if (!text_starts(l->t, l->i, ops[k][0]))
            continue;
        l->i += strlen(ops[k][0]);
        if (!strcmp(ops[k][1], "="))
            lex_emit_ch(l, '=');
        else
            lex_emit(l, T_CMD, ops[k][1]);
        return 1;
    }
    return 0;
}

static int next_to_digit(const struct lexer *l)
{
    size_t i = l->i, k = i + 1;

    while (i && at(l, i - 1) == ' ')
        i--;
    while (at(l, k) == ' ' || at(l, k) == '-' || at(l, k) == '.')
        k++;
    return (i && digit(l, i - 1)) || digit(l, k);
}

static int odd_dollars(struct text t)
{
    int odd = 0;

    for (size_t i = 0; i < t.n; i++)
        odd ^= t.s[i] == '$' && !(i && t.s[i - 1] == '\\');
    return odd;
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
        if (c == '$' && l->money && next_to_digit(l)) {
            lex_emit(l, T_CUR, "dollar");
            l->i++;
        } else if (isspace((unsigned char)c) || c == '~' || c == '$') {
            l->space = 1;
            l->i++;
        } else if (isdigit((unsigned char)c) ||
                   (c == '.' && digit(l, l->i + 1))) {
            lex_number(l);
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
            size_t m = after ? lex_clock(rest) : 0;
            size_t u = after ? lex_rate(rest) : 0;
            size_t same = lex_same(rest);
            if (same) {
                lex_emit(l, T_SEP, "or");
                l->i += same;
                continue;
            }
            if (u) {
                lex_text(l, arena_strndup(l->a, rest.s, u));
                l->i += u;
                continue;
            }
            if (after && text_is(w, "x") && l->space &&
                at(l, k) == ' ' && digit(l, k + 1)) {
                lex_emit_ch(l, '*'); /* "0.2 x 50" */
                l->i = k;
                continue;
            }
            if (after && !m && w.n > 2 && !l->space &&
                text_starts(w, 0, "or"))
                w.n = m = 2; /* "x = 1or" */
            l->i += m ? m : w.n;
            if (m > 2 || (m && w.s[0] != 'o'))
                lex_text(l, arena_strndup(l->a, rest.s, m));
            else
                lex_word(l, w);
        } else if ((unsigned char)c >= 0x80) {
            size_t k = l->i;
            while ((unsigned char)at(l, k) >= 0x80)
                k++;
            lex_text(l, arena_strndup(l->a, l->t.s + l->i, k - l->i));
            l->i = k;
        } else if (two_chars(l)) {
            continue;
        } else if (strchr("+-*/^_()[]{}|<>=,;:!%'&.", c)) {
            l->depth += c == '(' || c == '[';
            l->depth -= c == ')' || c == ']';
            l->i++;
            if (c != '.')
                lex_emit_ch(l, c);
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

static int op_of_condition(const struct tok *k)
{
    return (k->type == T_CH && (k->ch == '<' || k->ch == '>')) ||
           (k->type == T_CMD && (!strcmp(k->s, "in") || !strcmp(k->s, "ne") ||
                                 !strcmp(k->s, "leq") ||
                                 !strcmp(k->s, "geq")));
}

/* "... (or 0.5)", "... (k in Z)" at the end: what the brackets say is a
 * remark on the value, not a factor. */
static void remarks(struct lexer *l)
{
    size_t end = l->n - 1, i = end, depth = 0;
    int condition = 0;

    if (l->n < 4 || l->v[end - 1].type != T_CH || l->v[end - 1].ch != ')')
        return;
    while (i-- > 0) {
        const struct tok *k = &l->v[i];
        depth += k->type == T_CH && k->ch == ')';
        condition |= depth == 1 && op_of_condition(k);
        if (k->type == T_CH && k->ch == '(' && --depth == 0)
            break;
    }
    if (i == 0 || i >= end || depth)
        return;
    const struct tok *next = &l->v[i + 1], *prev = &l->v[i - 1];
    int remark = (next->type == T_SEP && strcmp(next->s, "and")) ||
                 (next->type == T_CH && next->ch == '=');
    if (!remark && !(condition && (l->v[i].space || prev->type == T_NUM) &&
                     (prev->type != T_CH || strchr(")}]|", prev->ch)) &&
                     prev->type != T_FN && prev->type != T_SEP &&
                     prev->type != T_CMD))
        return;
    l->v[i].type = T_SEP;
    l->v[i].s = remark ? "or" : "with";
    if (next->type == T_CH && next->ch == '=')
        l->v[i + 1] = (struct tok){ .type = T_SEP, .s = "or" };
    l->v[end - 1] = l->v[end];
    l->n--;
}

struct toks lex(struct arena *a, struct text t, enum comma comma)
{
    struct lexer l = { .a = a, .comma = comma };
    struct toks r = { 0 };

    /* every token eats at least one byte, but \begin{} gives two tokens for
     * many bytes and a \text{}'s comma one more */
    l.v = arena_alloc(a, (t.n + 4) * sizeof *l.v);
    l.money = odd_dollars(t);
    plain(&l, t);
    lex_emit(&l, T_END, "");
    remarks(&l);
    r.v = l.v;
    r.n = l.n;
    r.why = l.why;
    return r;
}
