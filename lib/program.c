/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <bsd/stdlib.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buffer.h"
#include "random.h"
#include "template.h"
#include "text.h"

void
pd_program_start(void)
{
	/* The wrong way round, so that reading or writing fails. */
	static const int modes[] = {O_WRONLY, O_RDONLY, O_RDWR};

	for (int descriptor = 0; descriptor < 3; descriptor++) {
		if (fcntl(descriptor, F_GETFD) < 0 &&
		    open("/dev/null", modes[descriptor]) != descriptor)
			_exit(PD_EXIT_TROUBLE);
	}
}

/* Called when the program ends otherwise than by pd_bisect_end. */
static void
skip(void)
{
	_exit(PD_EXIT_SKIP);
}

void
pd_bisect_start(void)
{
	if (atexit(skip) != 0)
		err(PD_EXIT_SKIP, "atexit");
}

_Noreturn void
pd_bisect_end(int status)
{
	_exit(status == PD_EXIT_TROUBLE ? PD_EXIT_SKIP : status);
}

static _Noreturn void
help(const struct pd_program *program)
{
	printf("usage: %s %s\n\n%s\n\n", program->name, program->synopsis,
	    program->purpose);
	for (const struct pd_option *o = program->options; o->id != 0; o++) {
		char left[80];
		int used = o->id < 256 ? snprintf(left, sizeof(left), "-%c, ", o->id) :
		    snprintf(left, sizeof(left), "    ");
		snprintf(left + used, sizeof(left) - (size_t)used, "--%s%s%s", o->name,
		    o->value != NULL ? " " : "", o->value != NULL ? o->value : "");
		printf("  %-28s %s\n", left, o->help);
	}
	printf("  %-28s %s\n", "-h, --help", "show this");
	printf("  %-28s %s\n", "-V, --version", "show the version");
	printf("\nThe manual is %s(1).\n", program->name);
	exit(fflush(stdout) == 0 ? PD_EXIT_GOOD : PD_EXIT_TROUBLE);
}

static size_t
count_options(const struct pd_program *program)
{
	size_t count = 0;

	while (program->options[count].id != 0)
		count++;
	return count;
}

static _Noreturn void
unknown_option(const struct pd_program *program, const char *word)
{
	size_t count = count_options(program);
	const char **names = pd_allocate(count, sizeof(*names));
	char *name = pd_format("%.*s", (int)strcspn(word + 2, "="), word + 2);

	for (size_t i = 0; i < count; i++)
		names[i] = program->options[i].name;
	const char *nearest = pd_nearest(name, names, count);
	if (nearest != NULL)
		pd_usage_error("unknown option --%s (did you mean --%s?)", name, nearest);
	pd_usage_error("unknown option --%s", name);
}

static _Noreturn void
wrong_option(const struct pd_program *program, char **argv, int result)
{
	const char *word = argv[optind - 1];

	if (result == ':' && optopt != 0 && optopt < 256)
		pd_usage_error("option -%c needs a value", optopt);
	if (result == ':')
		pd_usage_error("option %s needs a value", word);
	if (optopt != 0 && optopt < 256)
		pd_usage_error("unknown option -%c", optopt);
	if (optopt != 0)
		pd_usage_error("option %s takes no value", word);
	unknown_option(program, word);
}

int
pd_option_next(const struct pd_program *program, int argc, char **argv,
    const char **value)
{
	size_t count = count_options(program);
	struct option *longs = pd_allocate(count + 3, sizeof(*longs));
	struct pd_buffer shorts = PD_BUFFER_INIT;

	pd_buffer_text(&shorts, ":hV");
	for (size_t i = 0; i < count; i++) {
		const struct pd_option *o = &program->options[i];
		int takes = o->value != NULL ? required_argument : no_argument;
		longs[i] = (struct option){o->name, takes, NULL, o->id};
		if (o->id < 256)
			pd_buffer_format(&shorts, "%c%s", o->id,
			    o->value != NULL ? ":" : "");
	}
	longs[count] = (struct option){"help", no_argument, NULL, 'h'};
	longs[count + 1] = (struct option){"version", no_argument, NULL, 'V'};
	opterr = 0;
	optopt = 0;
	int result = getopt_long(argc, argv, shorts.data, longs, NULL);
	pd_buffer_free(&shorts);
	free(longs);
	*value = optarg;
	if (result == 'h')
		help(program);
	if (result == 'V') {
		printf("%s %s\n", program->name, PD_VERSION);
		exit(fflush(stdout) == 0 ? PD_EXIT_GOOD : PD_EXIT_TROUBLE);
	}
	if (result == '?' || result == ':')
		wrong_option(program, argv, result);
	return result;
}

static _Noreturn void
wrong_value(const char *name, const struct pd_error *error)
{
	char text[2048];

	pd_usage_error("--%s: %s", name, pd_error_text(error, text, sizeof(text)));
}

int64_t
pd_option_number(const char *name, const char *value, int64_t minimum,
    int64_t maximum)
{
	struct pd_error error;
	int64_t number;

	if (pd_parse_number(value, minimum, maximum, &number, &error) != 0)
		wrong_value(name, &error);
	return number;
}

double
pd_option_probability(const char *name, const char *value)
{
	struct pd_error error;
	double probability;

	if (pd_parse_probability(value, &probability, &error) != 0)
		wrong_value(name, &error);
	return probability;
}

int64_t
pd_option_duration(const char *name, const char *value)
{
	struct pd_error error;
	int64_t microseconds;

	if (pd_parse_duration(value, &microseconds, &error) != 0)
		wrong_value(name, &error);
	return microseconds;
}

size_t
pd_option_size(const char *name, const char *value)
{
	struct pd_error error;
	size_t bytes;

	if (pd_parse_size(value, &bytes, &error) != 0)
		wrong_value(name, &error);
	return bytes;
}

int
pd_option_choice(const char *name, const char *value,
    const char *const *choices)
{
	struct pd_buffer list = PD_BUFFER_INIT;
	size_t count = 0;

	for (; choices[count] != NULL; count++) {
		if (strcmp(choices[count], value) == 0) {
			pd_buffer_free(&list);
			return (int)count;
		}
		pd_buffer_format(&list, "%s%s", count > 0 ? ", " : "", choices[count]);
	}
	const char *nearest = pd_nearest(value, choices, count);
	if (nearest != NULL)
		pd_usage_error("--%s: unknown '%s' (did you mean %s?)", name, value,
		    nearest);
	pd_usage_error("--%s: unknown '%s' (one of %s)", name, value, list.data);
}

size_t
pd_verb_choice(const char *name, const void *table, size_t count, size_t size)
{
	const char **names = pd_allocate(count, sizeof(*names));
	struct pd_buffer list = PD_BUFFER_INIT;

	for (size_t i = 0; i < count; i++) {
		memcpy(&names[i], (const char *)table + i * size, sizeof(names[i]));
		if (strcmp(names[i], name) == 0) {
			free(names);
			pd_buffer_free(&list);
			return i;
		}
		pd_buffer_format(&list, "%s%s", i > 0 ? ", " : "", names[i]);
	}
	const char *nearest = pd_nearest(name, names, count);
	if (nearest != NULL)
		pd_usage_error("unknown '%s' (did you mean %s?)", name, nearest);
	pd_usage_error("unknown '%s' (one of %s)", name, list.data);
}

uint64_t
pd_option_seed(const char *name, const char *value)
{
	return (uint64_t)pd_option_number(name, value, 0,
	    (int64_t)PD_SEED_LIMIT - 1);
}

void
pd_usage_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vwarnx(format, arguments);
	va_end(arguments);
	fprintf(stderr, "Try '%s --help'.\n", getprogname());
	exit(PD_EXIT_TROUBLE);
}

int64_t
pd_wall_clock(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

void
pd_complain(const struct pd_error *error)
{
	char text[2560];

	warnx("%s", pd_error_text(error, text, sizeof(text)));
}

void
pd_die(const struct pd_error *error)
{
	pd_complain(error);
	exit(PD_EXIT_TROUBLE);
}

struct pd_model *
pd_open_model(const char *path)
{
	struct pd_error error;

	if (path == NULL)
		pd_usage_error("a model is needed: -m MODEL.jq");
	struct pd_model *model = pd_model_open(path, &error);
	if (model == NULL)
		pd_die(&error);
	pd_model_debug_to(model, stderr);
	return model;
}

_Noreturn void
pd_list_formats(const char *folder)
{
	struct pd_error error;
	jv names = pd_template_names(folder, &error);

	if (!jv_is_valid(names))
		pd_die(&error);
	jv_array_foreach(names, i, name) {
		struct pd_template *template = pd_template_open(folder,
		    jv_string_value(name), &error);
		if (template == NULL)
			pd_die(&error);
		printf("%-12s %s\n", jv_string_value(name),
		    pd_template_description(template));
		pd_template_close(template);
		jv_free(name);
	}
	jv_free(names);
	if (fflush(stdout) != 0)
		err(PD_EXIT_TROUBLE, "cannot write");
	exit(PD_EXIT_GOOD);
}

struct pd_run_choice
pd_option_run(const char *name, const char *value)
{
	struct pd_run_choice choice = {.given = true};
	const char *dot = strchr(value, '.');
	char *run = dot != NULL ? pd_format("%.*s", (int)(dot - value), value) :
	    pd_duplicate(value);

	choice.run = pd_option_number(name, run, 0, INT64_MAX);
	if (dot != NULL)
		choice.attempt = pd_option_number(name, dot + 1, 1, INT64_MAX);
	free(run);
	return choice;
}

static bool
is_number(jv value, int64_t number)
{
	return jv_get_kind(value) == JV_KIND_NUMBER &&
	    (int64_t)jv_number_value(value) == number;
}

bool
pd_run_chosen(const struct pd_run_choice *choice, jv run, jv attempt)
{
	return !choice->given || (is_number(run, choice->run) &&
	    (choice->attempt == 0 || is_number(attempt, choice->attempt)));
}

void
pd_open_output(struct pd_writer *writer, const char *path)
{
	if (path != NULL && strcmp(path, "-") != 0 &&
	    freopen(path, "w", stdout) == NULL)
		err(PD_EXIT_TROUBLE, "%s", path);
	pd_writer_open(writer, STDOUT_FILENO);
}

int
pd_close_output(struct pd_writer *writer, int status)
{
	struct pd_error error;

	if (pd_writer_close(writer, &error) == 0)
		return status;
	if (writer->failure == EPIPE) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	pd_complain(&error);
	return PD_EXIT_TROUBLE;
}
