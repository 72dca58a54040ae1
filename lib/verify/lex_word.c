/* lex_word - runs of letters: functions, names, products, words (lex.h) */
#include "lex_impl.h"

static const char functions[] =
    "sin|cos|tan|cot|sec|csc|arcsin|arccos|arctan|asin|acos|atan|sinh|cosh|"
    "tanh|log|ln|lg|exp|sqrt|abs|max|min|gcd|lcm|floor|ceil|det|arg|Re|Im|"
    "cbrt|factorial|binomial|arccot|arcsec|arccsc|arsinh|arcosh|artanh|deg|"
    "dim|ker|sgn|sign";
static const char greek[] =
    "alpha|beta|gamma|delta|epsilon|varepsilon|zeta|eta|theta|vartheta|iota|"
    "kappa|lambda|mu|nu|xi|rho|sigma|tau|upsilon|phi|varphi|chi|psi|omega|"
    "Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Phi|Psi|Omega|ell|hbar|aleph";

int lex_is_function(struct text w)
{
    return text_in(w, functions);
}

int lex_is_greek(struct text w)
{
    return text_in(w, greek);
}

/* One of phrases at the beginning of s: its length with the blanks behind,
 * or 0. */
static size_t head(const char *s, const char *phrases)
{
    size_t k = text_at(text_of(s, strlen(s)), 0, phrases);

    return k ? k + strspn(s + k, " ,") : 0;
}

size_t lex_same(struct text t)
{
    static const char same[] =
        "i.e.|that is|equivalently|which is|which equals|alternatively|"
        "or equivalently|or simply|e.g.";

    return t.n && strchr("ieowatIEOWAT", t.s[0]) ? head(t.s, same) : 0;
}

void lex_text(struct lexer *l, const char *w)
{
    static const char hedges[] = "approximately|approx|exactly";
    static const char with[] =
        "for|where|with|if|when|whenever|such that|provided that|provided|"
        "given that|as long as";
    static const char any[] = "any|all|every|each|some|that|an|a";
    size_t k;

    if (text_in(text_of(w, strlen(w)), "infinity|Infinity")) {
        lex_emit(l, T_CONST, "inf");
        return;
    }
    if (l->n == 0 && text_in(text_of(w, strlen(w)), hedges))
        return;
    if (l->n && (k = lex_same(text_of(w, strlen(w))))) {
        lex_emit(l, T_SEP, "or");
        w += k;
    } else if ((k = head(w, with))) {
        lex_emit(l, T_SEP, "with");
        w += k;
    }
    if (l->n && l->v[l->n - 1].type == T_SEP)
        while ((k = head(w, any)))
            w += k;
    if (*w)
        lex_emit(l, T_TEXT, w);
}

/* Letters of a word that stand for themselves. */
static void letters(struct lexer *l, struct text w)
{
    if (w.n > 1 && strspn(w.s, "IVX") >= w.n) { /* a Roman numeral */
        lex_emit(l, T_SYM, arena_strndup(l->a, w.s, w.n));
        return;
    }
    for (size_t i = 0; i < w.n; i++) {
        char c = w.s[i];
        struct tok *k;
        if (c == 'e')
            k = lex_emit(l, T_CONST, "e");
        else if (c == 'i' || c == 'I')
            k = lex_emit(l, T_CONST, "i");
        else
            k = lex_emit(l, T_SYM, arena_strndup(l->a, &c, 1));
        k->word = i > 0;
    }
}

/* Words of two and three letters that are words and not products. */
static const char short_words[] =
    "odd|yes|no|one|two|six|ten|all|any|cm|mm|km|kg|mg|ml|ft|in|mi|hr|min|"
    "sec|day|days|pct|cup|the|is|of|if|for|to|red|mph|kmh|men|sq|pm|am|PM|"
    "AM|Yes|No|cents|units|unit|not|kWh|dm|lb|lbs|oz|yd|kPa|rad|mod|per|Odd|"
    "big|low|NO|YES|so|as|at|by|on|we|it|be|it's|who|you|None|are|was|an|"
    "USD|usd|EUR|RMB|yrs|hrs|Red|Bob";

/* Could these letters be a product, like AB, xyz, abcd? */
static int product_like(struct text w)
{
    int upper = 1, ordered = 1;

    if (text_in(w, short_words))
        return 0;
    if (w.n <= 3)
        return 1;
    for (size_t i = 0; i < w.n; i++) {
        upper &= isupper((unsigned char)w.s[i]) != 0;
        ordered &= !i || w.s[i] >= w.s[i - 1];
    }
    return w.n <= 6 && (upper || ordered);
}

/* "cosx", "2pir": a known name with one or two letters behind it. */
static int prefixed(struct lexer *l, struct text w)
{
    static const char *const heads[] = {"sin",  "cos", "tan", "ln", "log",
                                        "sqrt", "exp", "pi",  NULL};

    for (int i = 0; heads[i]; i++) {
        size_t k = strlen(heads[i]);
        if (w.n > k && w.n <= k + 2 && !memcmp(w.s, heads[i], k) &&
            !text_in(w, short_words)) {
            lex_word(l, text_of(w.s, k));
            letters(l, text_of(w.s + k, w.n - k));
            return 1;
        }
    }
    return 0;
}

void lex_word(struct lexer *l, struct text w)
{
    const char *s = arena_strndup(l->a, w.s, w.n);
    int after_num = l->n && (l->v[l->n - 1].type == T_NUM ||
                             (l->v[l->n - 1].type == T_CH &&
                              strchr("})$", l->v[l->n - 1].ch)));

    if (text_is(w, "and") || text_is(w, "or") || text_is(w, "And") ||
        text_is(w, "Or"))
        lex_emit(l, T_SEP, w.n == 2 ? "or" : "and");
    else if (text_is(w, "pi"))
        lex_emit(l, T_CONST, "pi");
    else if (text_is(w, "infinity") || text_is(w, "inf") ||
             text_is(w, "Infinity") || text_is(w, "infty") || text_is(w, "oo"))
        lex_emit(l, T_CONST, "inf");
    else if (text_is(w, "percent") || text_is(w, "pct") ||
             text_is(w, "percentage"))
        lex_emit_ch(l, '%');
    else if (text_in(w, "degrees|degree") || (after_num && text_is(w, "deg")))
        lex_emit(l, T_CMD, "circ");
    else if (text_is(w, "in") && !after_num && l->n)
        lex_emit(l, T_CMD, "in");
    else if (text_is(w, "cup") && !after_num)
        lex_emit(l, T_CMD, "cup");
    else if (text_is(w, "U") && l->n && l->v[l->n - 1].type == T_CH &&
             strchr(")]}", l->v[l->n - 1].ch))
        lex_emit(l, T_CMD, "cup");
    else if (after_num && !l->space &&
             (text_is(w, "st") || text_is(w, "nd") || text_is(w, "rd") ||
              text_is(w, "th")))
        return; /* 3rd */
    else if (lex_is_function(w) &&
             !(after_num && (text_is(w, "min") || text_is(w, "sec"))))
        lex_emit(l, T_FN, s);
    else if (lex_is_greek(w))
        lex_emit(l, T_SYM, s);
    else if (w.n == 1 || (product_like(w) && !(after_num && w.n > 2)))
        letters(l, w);
    else if (!prefixed(l, w))
        lex_text(l, s);
}

/* "p.m.", "AM": its length, or 0. */
size_t lex_clock(struct text t)
{
    static const char marks[] = "a.m.|p.m.|a.m|p.m|am|pm";

    size_t m = text_at(t, 0, marks);
    return m && (m == t.n || !isalnum((unsigned char)t.s[m])) ? m : 0;
}

/* "m/s", "km/h", "g/L" behind a number: its length, or 0. */
size_t lex_rate(struct text t)
{
    static const char per[] =
        "s|h|hr|min|sec|l|L|kg|second|hour|minute|day|gallon";
    size_t k = 0, j;

    while (k < t.n && islower((unsigned char)t.s[k]))
        k++;
    if (k == 0 || k > 2 || k >= t.n || t.s[k] != '/')
        return 0;
    for (j = k + 1; j < t.n && isalpha((unsigned char)t.s[j]);)
        j++;
    return text_in(text_of(t.s + k + 1, j - k - 1), per) ? j : 0;
}
