/* SPDX-License-Identifier: MIT */
#include "dispatcher.h"

#include <jq.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"

enum {
	FREQUENT = 1000,	/* so many times called, and a program of its own pays */
	ROUTINE_SLOTS = 256,
	MOST_ROUTINES = 64,
};

struct program {
	jq_state *jq;		/* NULL: not compiled */
	bool running;		/* it waits for its next call */
};

/* A call as it was made before: the same functions in the same form. */
struct routine {
	struct pd_calling calling;	/* no functions: the slot is free */
	int64_t calls;
	struct program program;
};

struct pd_dispatcher {
	struct pd_library *library;
	bool *added;		/* by function: it can be called */
	int *prepared;		/* these, in order: the leaves of the tree */
	int prepared_count;
	struct program general;
	struct routine routines[ROUTINE_SLOTS];
	int routine_count;
	struct program *program;	/* of the call at hand */
	jv end;			/* what a program gives where a function has no more outputs */
	struct call {		/* what the program's `input` gives next: see below */
		enum pd_calling_form form;
		enum { ASKED_NOTHING, ASKED_END, ASKED_ONE, ASKED_EACH, ASKED_INPUT } asked;
		const int *functions;
		int count;	/* of functions to call; the first is the one at hand */
		int counted;	/* how many the program is told to call with one input */
		int place;	/* of the function among those that are prepared */
		int low, high;	/* it is in low .. high-1: where in the tree we are */
		int argument;	/* the next argument to give */
		int wanted;	/* how many a routine asks for */
		jv input, arguments;
	} call;
	FILE *debug;
};

/*
 * The general program: imports, then a tree in which each function is a leaf. It
 * runs for as long as the dispatcher lives, since to start libjq costs more than most
 * functions do. All that it needs to know it asks for with `input`, which calls
 * back into C:
 *
 *   input as $end			a string of ours, known by its address
 *   | range(infinite)			a call after another
 *   | if input				one function
 *     then input | TREE, $end
 *     elif input			several on the same input, so many
 *     then input | range(input) as $i | TREE, $end
 *     else				one, then several on what it gave
 *       input | TREE | ., (range(input) as $i | TREE, $end)
 *     end, $end
 *
 * where TREE is `if input then TREE else TREE end`, which of the two halves, or
 * at a leaf `input as $a | input as $b | m0::name($a; $b)`. The function's own
 * input, `.`, is never bound to a variable: it stays alone on jq's stack, its
 * only reference, and can be changed in place.
 */
static void
append_function(struct pd_buffer *text, const struct pd_library_function *function)
{
	pd_buffer_format(text, "m%d::%s", function->source, function->name);
	for (int i = 0; i < function->arity; i++)
		pd_buffer_format(text, "%s$a%d", i == 0 ? "(" : "; ", i);
	if (function->arity > 0)
		pd_buffer_text(text, ")");
}

static void
append_leaf(struct pd_buffer *text, const struct pd_library_function *function)
{
	/* Within a function of its own: jq clears all variables of a function at
	 * each call, and those of all leaves together would make calls dearer. */
	pd_buffer_text(text, "(def leaf: ");
	for (int i = 0; i < function->arity; i++)
		pd_buffer_format(text, "input as $a%d | ", i);
	append_function(text, function);
	pd_buffer_text(text, "; leaf)");
}

/* The prepared functions first .. first+count-1. lead_on walks the same way. */
static void
append_tree(struct pd_buffer *text, const struct pd_dispatcher *dispatcher, int first,
    int count)
{
	if (count == 1) {
		append_leaf(text,
		    &dispatcher->library->functions[dispatcher->prepared[first]]);
		return;
	}
	int half = count / 2;
	pd_buffer_text(text, "if input then ");
	append_tree(text, dispatcher, first, half);
	pd_buffer_text(text, " else ");
	append_tree(text, dispatcher, first + half, count - half);
	pd_buffer_text(text, " end");
}

static char *
general_text(const struct pd_dispatcher *dispatcher)
{
	struct pd_buffer text = PD_BUFFER_INIT;

	pd_library_append_imports(dispatcher->library, &text);
	if (dispatcher->prepared_count == 0) {
		pd_buffer_text(&text, ".");
		return text.data;
	}
	pd_buffer_text(&text, "def call: ");
	append_tree(&text, dispatcher, 0, dispatcher->prepared_count);
	pd_buffer_text(&text, "; input as $end | range(infinite) | "
	    "if input then input | call "
	    "elif input then input | range(input) as $i | call, $end "
	    "else input | call | ., (range(input) as $i | call, $end) end, $end");
	return text.data;
}

/*
 * A routine's program gives the same outputs and ends as the general one, but asks
 * only for the end, the arguments of all its functions and the input:
 *
 *   input as $end | range(infinite)
 *   | (input as $a0 | input | m0::on_x($a0) | ., (m0::check_a($a0), $end)), $end
 */
static int
most_arguments(const struct pd_dispatcher *dispatcher, const struct pd_calling *calling)
{
	int most = 0;

	for (int i = 0; i < calling->count; i++) {
		int arity = dispatcher->library->functions[calling->functions[i]].arity;
		if (arity > most)
			most = arity;
	}
	return most;
}

static char *
routine_text(const struct pd_dispatcher *dispatcher, const struct pd_calling *calling)
{
	const struct pd_library_function *functions = dispatcher->library->functions;
	bool first_alone = calling->form != PD_CALLING_EACH;
	struct pd_buffer text = PD_BUFFER_INIT;

	pd_library_append_imports(dispatcher->library, &text);
	pd_buffer_text(&text, "input as $end | range(infinite) | (");
	for (int i = 0; i < most_arguments(dispatcher, calling); i++)
		pd_buffer_format(&text, "input as $a%d | ", i);
	pd_buffer_text(&text, "input | ");
	if (first_alone)
		append_function(&text, &functions[calling->functions[0]]);
	if (calling->form == PD_CALLING_THEN_EACH)
		pd_buffer_text(&text, " | .");
	for (int i = first_alone ? 1 : 0; i < calling->count; i++) {
		pd_buffer_text(&text, i > 0 ? ", (" : "(");
		append_function(&text, &functions[calling->functions[i]]);
		pd_buffer_text(&text, ", $end)");
	}
	pd_buffer_text(&text, "), $end");
	return text.data;
}

/* Is everything said that leads to the function at hand? */
static bool
is_answered(const struct pd_dispatcher *dispatcher)
{
	const struct call *call = &dispatcher->call;

	return call->high - call->low == 1 &&
	    call->argument == dispatcher->library->functions[*call->functions].arity;
}

/* Set out for the function at hand. */
static void
set_out(struct pd_dispatcher *dispatcher)
{
	struct call *call = &dispatcher->call;
	int high = dispatcher->prepared_count - 1;

	call->place = call->low = call->argument = 0;
	call->high = dispatcher->prepared_count;
	while (call->place < high) {
		int middle = (call->place + high) / 2;
		if (dispatcher->prepared[middle] < *call->functions)
			call->place = middle + 1;
		else
			high = middle;
	}
}

/* Begin to lead to the next function, if there is one. */
static bool
to_next_function(struct pd_dispatcher *dispatcher)
{
	struct call *call = &dispatcher->call;

	if (call->count <= 1)
		return false;
	call->functions++;
	call->count--;
	set_out(dispatcher);
	return true;
}

/* The way to a leaf: which half of the tree, then the arguments. */
static jv
lead_on(struct call *call)
{
	if (call->high - call->low > 1) {
		int middle = call->low + (call->high - call->low) / 2;
		bool lower = call->place < middle;
		if (lower)
			call->high = middle;
		else
			call->low = middle;
		return jv_bool(lower);
	}
	return jv_array_get(jv_copy(call->arguments), call->argument++);
}

/* The input of a call: the only reference to it. */
static jv
hand_over(struct call *call)
{
	jv input = call->input;

	call->input = jv_invalid();
	call->asked = ASKED_INPUT;
	return input;
}

/* What the general program asks for next, in the order described above. */
static jv
next_answer(jq_state *jq, void *context)
{
	struct pd_dispatcher *dispatcher = context;
	struct call *call = &dispatcher->call;

	(void)jq;
	switch (call->asked) {
	case ASKED_NOTHING:
		call->asked = ASKED_END;
		return jv_copy(dispatcher->end);
	case ASKED_END:
		call->asked = ASKED_ONE;
		return jv_bool(call->form == PD_CALLING_ONE);
	case ASKED_ONE:
		if (call->form == PD_CALLING_ONE)
			return hand_over(call);
		call->asked = ASKED_EACH;
		return jv_bool(call->form == PD_CALLING_EACH);
	case ASKED_EACH:
		return hand_over(call);
	default:
		break;
	}
	bool counts = call->form == PD_CALLING_EACH ||
	    (call->form == PD_CALLING_THEN_EACH && is_answered(dispatcher));
	if (counts && call->counted >= 0) {
		int count = call->counted;
		call->counted = -1;
		return jv_number(count);
	}
	if (is_answered(dispatcher) && !to_next_function(dispatcher))
		return jv_invalid();
	return lead_on(call);
}

/* And a routine's. */
static jv
next_routine_answer(jq_state *jq, void *context)
{
	struct pd_dispatcher *dispatcher = context;
	struct call *call = &dispatcher->call;

	(void)jq;
	if (call->asked == ASKED_NOTHING) {
		call->asked = ASKED_END;
		return jv_copy(dispatcher->end);
	}
	if (call->argument < call->wanted)
		return jv_array_get(jv_copy(call->arguments), call->argument++);
	return call->asked == ASKED_INPUT ? jv_invalid() : hand_over(call);
}

static void
on_debug(void *context, jv message)
{
	struct pd_dispatcher *dispatcher = context;

	if (dispatcher->debug == NULL) {
		jv_free(message);
		return;
	}
	jv_dumpf(JV_ARRAY(jv_string("DEBUG:"), message), dispatcher->debug, 0);
	fputc('\n', dispatcher->debug);
}

static int
compile(struct pd_dispatcher *dispatcher, struct program *program, char *text,
    jq_input_cb answer, struct pd_error *error)
{
	program->jq = pd_library_compile(dispatcher->library, text, error);
	free(text);
	if (program->jq == NULL)
		return -1;
	jq_set_input_cb(program->jq, answer, dispatcher);
	jq_set_debug_cb(program->jq, on_debug, dispatcher);
	jq_set_stderr_cb(program->jq, on_debug, dispatcher);
	return 0;
}

struct pd_dispatcher *
pd_dispatcher_new(struct pd_library *library)
{
	struct pd_dispatcher *dispatcher = pd_allocate(1, sizeof(*dispatcher));

	dispatcher->library = library;
	dispatcher->added = pd_allocate((size_t)library->count + 1,
	    sizeof(*dispatcher->added));
	dispatcher->prepared = pd_allocate((size_t)library->count + 1,
	    sizeof(*dispatcher->prepared));
	dispatcher->program = &dispatcher->general;
	dispatcher->call.arguments = dispatcher->call.input = jv_invalid();
	dispatcher->end = jv_string("end");
	return dispatcher;
}

void
pd_dispatcher_add(struct pd_dispatcher *dispatcher, int function)
{
	dispatcher->added[function] = true;
}

bool
pd_dispatcher_has(const struct pd_dispatcher *dispatcher, int function)
{
	return dispatcher->added[function];
}

int
pd_dispatcher_compile(struct pd_dispatcher *dispatcher, struct pd_error *error)
{
	if (dispatcher->general.jq != NULL)
		jq_teardown(&dispatcher->general.jq);
	dispatcher->general.running = false;
	dispatcher->prepared_count = 0;
	for (int i = 0; i < dispatcher->library->count; i++)
		if (dispatcher->added[i])
			dispatcher->prepared[dispatcher->prepared_count++] = i;
	return compile(dispatcher, &dispatcher->general, general_text(dispatcher),
	    next_answer, error);
}

void
pd_dispatcher_free(struct pd_dispatcher *dispatcher)
{
	if (dispatcher == NULL)
		return;
	for (int i = 0; i < ROUTINE_SLOTS; i++) {
		if (dispatcher->routines[i].program.jq != NULL)
			jq_teardown(&dispatcher->routines[i].program.jq);
		free((int *)dispatcher->routines[i].calling.functions);
	}
	if (dispatcher->general.jq != NULL)
		jq_teardown(&dispatcher->general.jq);
	jv_free(dispatcher->call.arguments);
	jv_free(dispatcher->call.input);
	jv_free(dispatcher->end);
	free(dispatcher->added);
	free(dispatcher->prepared);
	free(dispatcher);
}

void
pd_dispatcher_debug_to(struct pd_dispatcher *dispatcher, FILE *stream)
{
	dispatcher->debug = stream;
}

static bool
is_same(const struct pd_calling *one, const struct pd_calling *other)
{
	return one->form == other->form && one->count == other->count &&
	    memcmp(one->functions, other->functions,
	    (size_t)one->count * sizeof(*one->functions)) == 0;
}

/* The routine of a call, a new one if there is room; or NULL. */
static struct routine *
find_routine(struct pd_dispatcher *dispatcher, const struct pd_calling *calling)
{
	uint32_t slot = (uint32_t)calling->form;

	for (int i = 0; i < calling->count; i++)
		slot = slot * 31 + (uint32_t)calling->functions[i];
	struct routine *routine = &dispatcher->routines[slot % ROUTINE_SLOTS];
	while (routine->calling.functions != NULL && !is_same(&routine->calling, calling))
		routine = &dispatcher->routines[++slot % ROUTINE_SLOTS];
	if (routine->calling.functions != NULL)
		return routine;
	if (dispatcher->routine_count == MOST_ROUTINES)
		return NULL;
	dispatcher->routine_count++;
	size_t size = (size_t)calling->count * sizeof(*calling->functions);
	int *functions = pd_allocate(size, 1);
	memcpy(functions, calling->functions, size);
	*routine = (struct routine){
		.calling = {calling->form, functions, calling->count}};
	return routine;
}

static struct program *
choose_program(struct pd_dispatcher *dispatcher, const struct pd_calling *calling)
{
	struct routine *routine = find_routine(dispatcher, calling);
	struct pd_error ignored;

	if (routine != NULL && ++routine->calls == FREQUENT)
		compile(dispatcher, &routine->program, routine_text(dispatcher, calling),
		    next_routine_answer, &ignored);
	return routine != NULL && routine->program.jq != NULL ? &routine->program :
	    &dispatcher->general;
}

void
pd_dispatcher_start(struct pd_dispatcher *dispatcher, const struct pd_calling *calling,
    jv input, jv arguments)
{
	struct program *program = choose_program(dispatcher, calling);

	jv_free(dispatcher->call.arguments);
	jv_free(dispatcher->call.input);
	dispatcher->program = program;
	dispatcher->call = (struct call){
		.form = calling->form,
		.asked = program->running ? ASKED_END : ASKED_NOTHING,
		.functions = calling->functions,
		.count = calling->count,
		.counted = calling->form == PD_CALLING_THEN_EACH ? calling->count - 1 :
		    calling->count,
		.wanted = program == &dispatcher->general ? 0 :
		    most_arguments(dispatcher, calling),
		.input = input,
		.arguments = arguments,
	};
	set_out(dispatcher);
	if (!program->running)
		jq_start(program->jq, jv_null(), 0);
	program->running = true;
}

enum pd_output
pd_dispatcher_next(struct pd_dispatcher *dispatcher, jv *output)
{
	*output = jq_next(dispatcher->program->jq);
	if (!jv_is_valid(*output)) {
		pd_dispatcher_abandon(dispatcher);
		return PD_OUTPUT_ERROR;
	}
	if (!jv_identical(jv_copy(*output), jv_copy(dispatcher->end)))
		return PD_OUTPUT_VALUE;
	jv_free(*output);
	*output = jv_invalid();
	return PD_OUTPUT_END;
}

bool
pd_dispatcher_is_done(const struct pd_dispatcher *dispatcher)
{
	if (dispatcher->program != &dispatcher->general)
		return dispatcher->call.asked == ASKED_INPUT;
	return dispatcher->call.count <= 1 && is_answered(dispatcher);
}

void
pd_dispatcher_abandon(struct pd_dispatcher *dispatcher)
{
	dispatcher->program->running = false;
}

bool
pd_dispatcher_halted(const struct pd_dispatcher *dispatcher)
{
	return jq_halted(dispatcher->program->jq);
}
