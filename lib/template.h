/* SPDX-License-Identifier: MIT */
/*
 * Text for people: a format is a jq module in a folder of share/pd whose
 * functions make lines of records. A record type has a function of its name;
 * header and summary frame the whole. A new file is a new format. The folder
 * is named for the program that lists its formats: report, diagram, export. Users
 * have formats of their own in the directories that the environment variable
 * PD_FOLDER_PATH (PD_EXPORT_PATH) lists, and in pd/FOLDER below XDG_CONFIG_HOME or
 * ~/.config; they go before those of the suite. Functions that are seldom needed may
 * stand in a second file, FORMAT_more.jq, which is read when the first has none of
 * the name: jq takes long for large files.
 */
#ifndef PD_TEMPLATE_H
#define PD_TEMPLATE_H

#include <jv.h>
#include <stdbool.h>

#include "error.h"
#include "writer.h"

struct pd_template;

#define PD_REPORT_FORMATS "report"
#define PD_DIAGRAM_FORMATS "diagram"
#define PD_EXPORT_FORMATS "export"

/* The format of this name, or the one in a file when there is a slash in it or it
 * ends in .jq. NULL on error; the hint tells how to see them all. */
struct pd_template *pd_template_open(const char *folder, const char *format,
    struct pd_error *);

/* The same of the report formats, for a program that shows records of a type by
 * themselves: the format must have words for them, and not be {"whole": true}, which
 * means that they are of use in a whole report only. */
struct pd_template *pd_template_open_for(const char *type, const char *format,
    struct pd_error *);
void pd_template_close(struct pd_template *);

const char *pd_template_path(const struct pd_template *);
const char *pd_template_description(const struct pd_template *);

/* Does it make one document of one record, so that no other can follow? Its
 * metadata say so: {"single": true}. */
bool pd_template_is_single(const struct pd_template *);

/* The object of its module directive, which belongs to it. */
jv pd_template_metadata_peek(const struct pd_template *);

/* What formats there are: an array of names in their order, or an invalid jv. */
jv pd_template_names(const char *folder, struct pd_error *);

/* Compile what the format has for these types, up to a NULL, at once. The others
 * are compiled when they are first needed: jq takes long for a large format, and
 * a stream holds few types. Returns 0 or -1. */
int pd_template_prepare(struct pd_template *, const char *const *types,
    struct pd_error *);

/* Does the format say anything about records of this type? */
bool pd_template_has(struct pd_template *, const char *type);

enum pd_color { PD_COLOR_AUTO, PD_COLOR_ALWAYS, PD_COLOR_NEVER };

/* What a template is told besides the record: {color, width} for a descriptor;
 * color as asked, or for a terminal without NO_COLOR; width of the terminal, 0
 * elsewhere. */
jv pd_template_style(enum pd_color, int descriptor);

/* The lines that the format makes of a record, an array of values; an invalid jv
 * on error. Consumes record and style. */
jv pd_template_call(struct pd_template *, const char *type, jv record, jv style,
    struct pd_error *);

/* Write lines; those that are no strings are written as JSON. Consumes them. */
void pd_template_write(jv lines, struct pd_writer *);

/* Both. Returns 0, or -1 with nothing written. */
int pd_template_render(struct pd_template *, const char *type, jv record,
    jv style, struct pd_writer *, struct pd_error *);

#endif
