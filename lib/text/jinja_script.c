/* jinja_script - jinja_helper.py, the text for python3 -c
 *
 * Built from the project's root, as all objects are.
 */
#include "jinja.h" /* declares it */

__asm__(".pushsection .rodata\n"
        ".global jinja_script\n"
        "jinja_script:\n"
        ".incbin \"lib/text/jinja_helper.py\"\n"
        ".byte 0\n"
        ".popsection\n");
