/* lex_command - what begins with a backslash (lex.h) */
#include "lex_impl.h"

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

/* Are there words in it that are no separators, functions or marks? */
static int has_words(struct text in)
{
    int words = lex_clock(in) > 0 || lex_rate(in) == in.n;

    for (size_t i = 0, k; i < in.n && !words; i += k ? k : 1) {
        for (k = 0; i + k < in.n && isalpha((unsigned char)in.s[i + k]);)
            k++;
        struct text w = text_of(in.s + i, k);
        words = (unsigned char)in.s[i] >= 0x80 ||
                (k > 1 && !lex_is_function(w) &&
                 !text_in(w, "and|or|pi|percent|degrees|degree"));
    }
    return words;
}

/* The inside of a \text{} without what belongs outside: a comma or bracket
 * that begins it (given out at once), a comma or "and" that ends it. */
static struct text text_inside(struct lexer *l, struct text in, int *comma,
                               int *and)
{
    in = text_trim(in);
    while (in.n > 1 && in.s[0] == ',') {
        lex_emit_ch(l, ',');
        in = text_trim(text_of(in.s + 1, in.n - 1));
    }
    if (in.n > 1 && in.s[0] == '(' && !memchr(in.s, ')', in.n)) {
        lex_emit_ch(l, '('); /* closed outside */
        in = text_trim(text_of(in.s + 1, in.n - 1));
    }
    while (in.n && (in.s[in.n - 1] == '.' || in.s[in.n - 1] == ',') &&
           !(in.n > 2 && isalpha((unsigned char)in.s[in.n - 2]) &&
             in.s[in.n - 1] == '.')) {
        *comma |= in.s[in.n - 1] == ',';
        in.n--;
    }
    *and = in.n > 4 && text_starts(in, in.n - 4, " and"); /* "dollars and" */
    in.n -= *and? 4 : 0;
    int is = in.n > 3 && text_starts(in, in.n - 3, " is") &&
             !memmem(in.s, in.n, "not", 3);
    if (!l->n && in.n > 1 && (in.s[in.n - 1] == ':' || is) &&
        isalpha((unsigned char)in.s[0]))
        in.n = 0; /* "\text{Total: }16", "\text{The answer is }16" */
    return in;
}

/* \text{...}: separators, numbers and single letters are what they are;
 * other words are text. */
static void text_group(struct lexer *l)
{
    int comma = 0, and;

    while (at(l, l->i) == ' ')
        l->i++;
    if (at(l, l->i) != '{')
        return;
    size_t end = brace_end(l, l->i), from = l->i + 1;
    l->i = end < l->t.n ? end + 1 : end;
    l->space |= at(l, from) == ' ';
    struct text in = text_inside(
        l, text_of(l->t.s + from, end > from ? end - from : 0), &comma, &and);
    size_t sign = text_starts(in, 0, "\\$")       ? 2
                  : in.n && strchr("-$", in.s[0]) ? 1
                                                  : 0;
    int number = in.n > sign && isdigit((unsigned char)in.s[sign]);
    /* a letter behind a number is a unit, but not in "3 dx", "3e", "3i" */
    int unit = in.n == 1 && isalpha((unsigned char)in.s[0]) &&
               !strchr("eiI", in.s[0]) && l->n &&
               l->v[l->n - 1].type == T_NUM &&
               (in.s[0] != 'd' || !isalpha((unsigned char)at(l, l->i)));
    if (in.n && (unit || (!number && has_words(in))))
        lex_text(l, arena_strndup(l->a, in.s, in.n));
    else if (in.n)
        l->plain(l, in);
    if (and)
        lex_emit(l, T_SEP, "and");
    if (comma)
        lex_emit_ch(l, ',');
}

static const char *currency(struct text w)
{
    static const char *const signs[][2] = {
        {"pounds|textsterling|mathsterling", "gbp"},
        {"euro|texteuro", "euro"},
        {"yen|textyen", "yen"},
        {"won", "won"},
        {"rupee", "rupee"},
        {"textdollar", "dollar"}};

    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (text_in(w, signs[i][0]))
            return signs[i][1];
    return NULL;
}

/* "\color{red}", "\textcolor{red}": past the colour's name. */
static int colour(struct lexer *l, struct text w)
{
    if (!text_in(w, "color|textcolor|colorbox|mathcolor|fcolorbox"))
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

/* "\bar{x}", "\hat x": another name than x; over more than a letter such a
 * mark says only what it is ("\overline{AB}"). */
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
    lex_emit(l, T_SYM,
             arena_printf(l->a, "%c^%.3s", c,
                          w.s[0] == 'o'   ? "bar"
                          : w.s[0] == 'w' ? w.s + 4
                                          : w.s));
    return 1;
}

/* "\mathbb{R}", "\mathbb Z^+": ZZ, Z+ (which N^* is, too). */
static void blackboard(struct lexer *l)
{
    static const char plus[] = "^+|^{+}|_+|_{+}|_{>0}", star[] = "^*|^{*}";

    while (at(l, l->i) == ' ')
        l->i++;
    int brace = at(l, l->i) == '{';
    char c = at(l, l->i + (size_t)brace), name[3] = {c, c, 0};
    if (!isalpha((unsigned char)c))
        return;
    l->i += brace ? 3 : 1;
    size_t k = text_at(l->t, l->i, plus);
    k = k || c != 'N' ? k : text_at(l->t, l->i, star);
    if (k) {
        l->i += k;
        name[0] = c == 'N' ? 'Z' : c;
        name[1] = '+';
    }
    lex_emit(l, T_SYM, arena_strndup(l->a, name, 2));
}

static void environment(struct lexer *l, int begin)
{
    size_t k = l->i, end = brace_end(l, k);
    const char *env = arena_strndup(l->a, l->t.s + k + 1,
                                    end > k ? end - k - 1 : 0);

    l->i = end < l->t.n ? end + 1 : end;
    lex_emit(l, T_CMD, begin ? "begin" : "end");
    l->depth += begin ? 1 : -1;
    lex_emit(l, T_TEXT, env);
}

/* What one command means that takes no part of the text behind it. */
static void symbol(struct lexer *l, struct text w)
{
    static const char *const alias[][2] = {
        {"dfrac|tfrac|cfrac", "frac"},
        {"dbinom|tbinom", "binom"},
        {"le|leqslant", "leq"},
        {"ge|geqslant", "geq"},
        {"neq", "ne"},
        {"lt", "<"},
        {"gt", ">"},
        {"cdot|times|ast", "*"},
        {"div", "/"},
        {"colon", ":"},
        {"lbrace", "{"},
        {"rbrace", "}"},
        {"vert|mid|lvert|rvert", "|"},
        {"degree", "circ"},
        {"prime", "'"},
        {"cdots|dots|dotsc|dotsb|vdots", "ldots"},
        {"simeq|thickapprox|cong", "approx"},
        {"lbrack", "["},
        {"rbrack", "]"},
        {"varnothing", "emptyset"},
        {"bigcup", "cup"},
        {"bigcap", "cap"},
        {"backslash", "setminus"},
        {"land|wedge", "and"},
        {"lor|vee", "or"},
        {"equiv", "="},
        {"mp", "pm"}};

    for (size_t j = 0; j < sizeof alias / sizeof alias[0]; j++)
        if (text_in(w, alias[j][0])) {
            w = text_of(alias[j][1], strlen(alias[j][1]));
            break;
        }
    const char *s = arena_strndup(l->a, w.s, w.n);
    if (w.n == 1 && !isalpha((unsigned char)w.s[0]))
        lex_emit_ch(l, w.s[0]);
    else if (text_is(w, "infty") || text_is(w, "pi"))
        lex_emit(l, T_CONST, w.s[0] == 'p' ? "pi" : "inf");
    else if (text_in(w, "and|or|forall"))
        lex_emit(l, T_SEP, w.s[0] == 'f' ? "with" : s);
    else if (lex_is_function(w) && !text_is(w, "sqrt"))
        lex_emit(l, T_FN, s);
    else
        lex_emit(l, lex_is_greek(w) ? T_SYM : T_CMD, s);
}

void lex_command(struct lexer *l)
{
    size_t k = l->i + 1;

    while (isalpha((unsigned char)at(l, k)))
        k++;
    struct text w = text_of(l->t.s + l->i + 1, k - l->i - 1);
    l->i = k + (at(l, k) == '*');
    if (accented(l, w) || colour(l, w))
        return;
    if (text_in(w, ignored))
        l->i += text_in(w, "left|right") && at(l, l->i) == '.';
    else if (text_in(w, "quad|qquad|enspace"))
        l->space = 1;
    else if (currency(w))
        lex_emit(l, T_CUR, currency(w));
    else if (text_in(w, textual))
        text_group(l);
    else if (text_is(w, "mathbb"))
        blackboard(l);
    else if (text_is(w, "begin") || text_is(w, "end"))
        environment(l, w.s[0] == 'b');
    else
        symbol(l, w);
}

/* "\{", "\,", "\\" and the like. */
void lex_escape(struct lexer *l)
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
        lex_dollar(l);
    else if (c && strchr(",;:! ()[]&#_\"'\n", c))
        l->space = 1;
    else if (isdigit((unsigned char)c) || c == '-') {
        l->i--; /* a stray backslash */
        l->space = 1;
    }
}
