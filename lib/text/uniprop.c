/* uniprop - what a character is: letter, number, space, safe under NFC */
#include "uniprop.h"
#include <string.h>
#include "../base/arena.h"
#include "uniprop_data.h"

static void mark(uint16_t *prop, const uint32_t *pairs, uint16_t flag)
{
    for (; pairs[1]; pairs += 2)
        for (uint32_t c = pairs[0]; c <= pairs[1]; c++)
            prop[c] |= flag;
}

uint16_t *uniprop_build(void)
{
    uint16_t *prop = xcalloc(UNI_SIZE, sizeof *prop);

    mark(prop, uni_letter, UNI_LETTER);
    mark(prop, uni_number, UNI_NUMBER);
    mark(prop, uni_space, UNI_SPACE);
    mark(prop, uni_nfc_unsafe, UNI_NFC_UNSAFE);
    mark(prop, uni_combining, UNI_COMBINING);
    mark(prop, uni_numeric, UNI_NUMERIC);
    mark(prop, uni_word, UNI_WORD);
    mark(prop, uni_upper, UNI_UPPER);
    mark(prop, uni_lower, UNI_LOWER);
    mark(prop, uni_mark, UNI_MARK);
    mark(prop, uni_punct, UNI_PUNCT);
    prop['\r'] |= UNI_NEWLINE;
    prop['\n'] |= UNI_NEWLINE;
    return prop;
}

const uint32_t *uniprop_more(const char *name)
{
    static const struct {
        const char *name;
        const uint32_t *pairs;
    } more[] = {
        {"L", more_L},   {"N", more_N},   {"M", more_M},   {"Lu", more_Lu},
        {"Ll", more_Ll}, {"Lt", more_Lt}, {"Lm", more_Lm}, {"Lo", more_Lo},
        {"P", more_P},   {"S", more_S},
    };

    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        if (!strcmp(name, more[i].name))
            return more[i].pairs;
    return NULL;
}
