/* html - the plots go into the page, which then needs no other file
 */
#ifndef ULP_REPORT_HTML_H
#define ULP_REPORT_HTML_H
#include "../base/err.h"

/* DIR/report.in.html with each line "<!--plot NAME-->" replaced by the bytes of
 * DIR/plots/NAME.svg, as DIR/report.html. Ids in an SVG get the plot's name in
 * front so that two plots do not share any. A missing SVG leaves a note. */
int html_finish(const char *dir, struct err *e) MUST_CHECK;

#endif
