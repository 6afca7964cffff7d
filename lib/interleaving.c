/* SPDX-License-Identifier: MIT */
#include "interleaving.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"
#include "random.h"
#include "reference.h"

#define NONE SIZE_MAX

/* A state and the commands that are possible in it, asked for when needed. */
struct situation {
	jv state;
	jv table;		/* or invalid */
};

/* Distinct states. */
struct situations {
	struct situation *list;
	size_t count;
};

struct command {
	char *id;
	jv command;		/* as in the plan */
	jv seen;		/* as the model sees it */
	jv entry;		/* of the table that admitted it last, or invalid */
	bool refused;
};

struct branch {
	struct command *list;
	size_t count;
	size_t tried;		/* how many of them the lattice has */
};

/* Each array has an element for each branch. Nodes stand in an order in which
 * no node comes before one that leads to it. */
struct node {
	size_t *done;		/* commands */
	size_t *before, *after;	/* nodes with one command less and more, or NONE */
	struct situations situations;
};

struct pd_interleaving {
	struct pd_plan plan;	/* to ask the model with; its state is any */
	uint64_t seed;
	struct branch *branches;
	size_t branch_count;
	struct node *nodes;
	size_t node_count;
	size_t state_count;	/* in all nodes */
	struct situations ends;	/* after the branches; empty as long as the last
				 * node has them */
};

static void
situations_free(struct situations *situations)
{
	for (size_t i = 0; i < situations->count; i++) {
		jv_free(situations->list[i].state);
		jv_free(situations->list[i].table);
	}
	free(situations->list);
	*situations = (struct situations){0};
}

static void
add_situation(struct situations *situations, jv state, jv table)
{
	size_t count = situations->count;

	if ((count & (count - 1)) == 0)	/* doubles */
		situations->list = pd_reallocate(situations->list,
		    count == 0 ? 1 : 2 * count, sizeof(*situations->list));
	situations->list[situations->count++] = (struct situation){state, table};
}

/* Note the state, which is consumed, that a command made of another. */
static void
add_distinct(struct situations *situations, jv state,
    const struct situation *from)
{
	for (size_t i = 0; i < situations->count; i++) {
		if (jv_equal(jv_copy(state), jv_copy(situations->list[i].state))) {
			jv_free(state);
			return;
		}
	}
	bool same = jv_equal(jv_copy(state), jv_copy(from->state));
	add_situation(situations, state, same ? jv_copy(from->table) : jv_invalid());
}

static void
node_free(struct node *node)
{
	free(node->done);
	free(node->before);
	free(node->after);
	situations_free(&node->situations);
}

static struct node *
add_node(struct pd_interleaving *it)
{
	size_t count = it->node_count;

	if ((count & (count - 1)) == 0)
		it->nodes = pd_reallocate(it->nodes, count == 0 ? 1 : 2 * count,
		    sizeof(*it->nodes));
	struct node *node = &it->nodes[it->node_count++];
	*node = (struct node){
		.done = pd_allocate(it->branch_count, sizeof(*node->done)),
		.before = pd_allocate(it->branch_count, sizeof(*node->before)),
		.after = pd_allocate(it->branch_count, sizeof(*node->after))};
	for (size_t b = 0; b < it->branch_count; b++)
		node->before[b] = node->after[b] = NONE;
	return node;
}

struct pd_interleaving *
pd_interleaving_new(const struct pd_plan *before, size_t branches,
    uint64_t seed)
{
	struct pd_interleaving *it = pd_allocate(1, sizeof(*it));

	it->plan = pd_plan_copy(before);
	it->seed = seed;
	it->branches = pd_allocate(branches, sizeof(*it->branches));
	it->branch_count = branches;
	add_situation(&add_node(it)->situations, jv_copy(before->state), jv_invalid());
	it->state_count = 1;
	return it;
}

static void
command_free(struct command *command)
{
	free(command->id);
	jv_free(command->command);
	jv_free(command->seen);
	jv_free(command->entry);
}

void
pd_interleaving_free(struct pd_interleaving *it)
{
	if (it == NULL)
		return;
	for (size_t b = 0; b < it->branch_count; b++) {
		for (size_t i = 0; i < it->branches[b].count; i++)
			command_free(&it->branches[b].list[i]);
		free(it->branches[b].list);
	}
	for (size_t i = 0; i < it->node_count; i++)
		node_free(&it->nodes[i]);
	situations_free(&it->ends);
	pd_plan_free(&it->plan);
	free(it->branches);
	free(it->nodes);
	free(it);
}

static struct command
make_command(const char *id, jv command)
{
	return (struct command){.id = pd_duplicate(id), .command = jv_copy(command),
		.seen = pd_reference_unquote(jv_copy(command)), .entry = jv_invalid()};
}

void
pd_interleaving_place(struct pd_interleaving *it, size_t branch, const char *id,
    jv command)
{
	struct branch *to = &it->branches[branch];

	to->list = pd_reallocate(to->list, to->count + 1, sizeof(*to->list));
	to->list[to->count++] = make_command(id, command);
}

void
pd_interleaving_place_items(struct pd_interleaving *it, size_t branch,
    const struct pd_items *items)
{
	for (size_t i = 0; i < items->count; i++)
		pd_interleaving_place(it, branch, items->list[i].id,
		    items->list[i].command);
}

bool
pd_interleaving_holds(const struct pd_interleaving *it, const char *id)
{
	for (size_t b = 0; b < it->branch_count; b++)
		for (size_t i = 0; i < it->branches[b].count; i++)
			if (strcmp(it->branches[b].list[i].id, id) == 0)
				return true;
	return false;
}

/* Could the command have been drawn here? 1, 0, -1. In most models most
 * entries are the same in many states, and need not be looked into again. */
static int
admit(struct pd_interleaving *it, struct situation *situation,
    struct command *command, struct pd_error *error)
{
	if (!jv_is_valid(situation->table)) {
		situation->table = pd_model_commands(it->plan.model, situation->state,
		    error);
		if (!jv_is_valid(situation->table))
			return -1;
	}
	jv entry = pd_json_peek(situation->table,
	    pd_json_peek_string(command->command, "type", ""));
	int admitted = 1;
	if (!jv_is_valid(entry) || !jv_is_valid(command->entry) ||
	    !jv_equal(jv_copy(entry), jv_copy(command->entry)))
		admitted = pd_plan_table_admits(situation->table, command->command, error);
	if (admitted == 1) {
		jv_free(command->entry);
		command->entry = entry;
	} else {
		jv_free(entry);
	}
	return admitted;
}

/* The state after a command. 1; 0 when the run would end there, which nothing
 * in a branch may do since others may still have commands; -1. */
static int
go_on(struct pd_interleaving *it, const struct situation *from,
    const struct command *command, bool in_branch, jv *state,
    struct pd_error *error)
{
	struct pd_plan *plan = &it->plan;
	int ends = 0;

	jv_free(plan->state);
	plan->state = jv_copy(from->state);
	if (pd_plan_apply(plan, command->id, command->command, error) != 0)
		return -1;
	if (in_branch)
		ends = pd_plan_terminates(plan, command->seen, error);
	if (ends == 1)
		pd_error_set(error, "the run would end after it");
	if (ends != 0)
		return ends == 1 ? 0 : -1;
	*state = jv_copy(plan->state);
	return 1;
}

static int
go_on_from_all(struct pd_interleaving *it, const struct situations *from,
    const struct command *command, bool in_branch, struct situations *to,
    struct pd_error *error)
{
	int result = 1;

	for (size_t i = 0; i < from->count && result == 1; i++) {
		jv state;
		result = go_on(it, &from->list[i], command, in_branch, &state, error);
		if (result == 1)
			add_distinct(to, state, &from->list[i]);
	}
	return result;
}

static int
admit_in_all(struct pd_interleaving *it, struct situations *situations,
    struct command *command, struct pd_error *error)
{
	int admitted = 1;

	for (size_t i = 0; i < situations->count && admitted == 1; i++)
		admitted = admit(it, &situations->list[i], command, error);
	return admitted;
}

/*
 * The lattice.
 */

/* The states of a node are those of the nodes before it, each gone on from by
 * the branch's command; commands that are next here must be admitted in them. */
static int
fill_node(struct pd_interleaving *it, size_t number, struct pd_error *error)
{
	struct node *node = &it->nodes[number];
	int result = 1;

	for (size_t b = 0; b < it->branch_count && result == 1; b++) {
		if (node->before[b] != NONE)
			result = go_on_from_all(it, &it->nodes[node->before[b]].situations,
			    &it->branches[b].list[node->done[b] - 1], true,
			    &node->situations, error);
	}
	for (size_t b = 0; b < it->branch_count && result == 1; b++) {
		if (node->done[b] < it->branches[b].tried)
			result = admit_in_all(it, &node->situations,
			    &it->branches[b].list[node->done[b]], error);
	}
	it->state_count += node->situations.count;
	return result == 1 && it->state_count > PD_INTERLEAVING_MOST ?
	    PD_INTERLEAVING_FULL : result;
}

/* The node that one more command of the branch leads to from a node, and its
 * place among the others. */
static size_t
connect_node(struct pd_interleaving *it, size_t from, size_t branch)
{
	size_t number = it->node_count;
	struct node *node = add_node(it);
	const struct node *base = &it->nodes[from];

	for (size_t b = 0; b < it->branch_count; b++) {
		node->done[b] = base->done[b] + (b == branch);
		if (b == branch)
			node->before[b] = from;
		else if (base->before[b] != NONE)
			node->before[b] = it->nodes[base->before[b]].after[branch];
		if (node->before[b] != NONE)
			it->nodes[node->before[b]].after[b] = number;
	}
	return number;
}

static void
drop_nodes(struct pd_interleaving *it, size_t kept)
{
	while (it->node_count > kept) {
		struct node *node = &it->nodes[--it->node_count];
		it->state_count -= node->situations.count;
		for (size_t b = 0; b < it->branch_count; b++)
			if (node->before[b] != NONE)
				it->nodes[node->before[b]].after[b] = NONE;
		node_free(node);
	}
}

/* Take the branch's next command into the lattice: 1, 0, -1, FULL. */
static int
grow(struct pd_interleaving *it, size_t branch, struct pd_error *error)
{
	struct branch *of = &it->branches[branch];
	size_t kept = it->node_count;
	int result = 1;

	for (size_t i = 0; i < kept && result == 1; i++) {
		if (it->nodes[i].done[branch] == of->tried)
			result = admit_in_all(it, &it->nodes[i].situations,
			    &of->list[of->tried], error);
	}
	for (size_t i = 0; i < kept && result == 1; i++) {
		if (it->nodes[i].done[branch] == of->tried)
			result = fill_node(it, connect_node(it, i, branch), error);
	}
	if (result == 1)
		of->tried++;
	else
		drop_nodes(it, kept);
	return result;
}

int
pd_interleaving_extend(struct pd_interleaving *it, size_t branch,
    const char *id, jv command, struct pd_error *error)
{
	struct branch *to = &it->branches[branch];

	pd_interleaving_place(it, branch, id, command);
	int result = grow(it, branch, error);
	if (result != 1)
		command_free(&to->list[--to->count]);
	return result;
}

/* Has the lattice so many nodes that it need not be begun? */
static bool
is_large(const struct pd_interleaving *it)
{
	size_t nodes = 1;

	for (size_t b = 0; b < it->branch_count; b++) {
		nodes *= it->branches[b].count + 1;
		if (nodes > PD_INTERLEAVING_MOST)
			return true;
	}
	return false;
}

static void
remove_refused(struct pd_interleaving *it)
{
	for (size_t b = 0; b < it->branch_count; b++) {
		struct branch *branch = &it->branches[b];
		size_t kept = 0;
		for (size_t i = 0; i < branch->count; i++) {
			if (branch->list[i].refused)
				command_free(&branch->list[i]);
			else
				branch->list[kept++] = branch->list[i];
		}
		branch->count = kept;
	}
}

/* Orders are drawn for branches with commands: those without must not count. */
static void
remove_empty_branches(struct pd_interleaving *it)
{
	size_t kept = 0;

	drop_nodes(it, 1);
	for (size_t b = 0; b < it->branch_count; b++) {
		if (it->branches[b].count == 0)
			free(it->branches[b].list);
		else
			it->branches[kept++] = it->branches[b];
	}
	it->branch_count = kept;
}

/* How commands are tried that have been placed. */
struct trial {
	bool sift;		/* a command that is refused is left out from then on */
	bool refused;		/* was any? the first one: */
	size_t branch, place;
	struct pd_error reason;
};

/* Note that a command was refused. Returns whether to go on. */
static bool
refuse(struct pd_interleaving *it, struct trial *trial, size_t branch,
    size_t place, const struct pd_error *reason)
{
	it->branches[branch].list[place].refused = true;
	if (!trial->refused) {
		trial->refused = true;
		trial->branch = branch;
		trial->place = place;
		trial->reason = *reason;
	}
	return trial->sift;
}

/* Make the lattice of all that was placed: 1, 0, -1, FULL. What is refused is
 * removed at once if it is to be left out, so that the lattice is right. */
static int
try_all_orders(struct pd_interleaving *it, struct trial *trial,
    struct pd_error *error)
{
	int result = 1;

	drop_nodes(it, 1);
	for (size_t b = 0; b < it->branch_count; b++)
		it->branches[b].tried = 0;
	for (size_t b = 0; b < it->branch_count && result == 1; b++) {
		struct branch *branch = &it->branches[b];
		while (branch->tried < branch->count && result == 1) {
			result = grow(it, b, error);
			if (result == 0 && refuse(it, trial, b, branch->tried, error)) {
				remove_refused(it);
				result = 1;
			}
		}
	}
	return result;
}

/*
 * Orders that are drawn.
 */
struct order {
	struct pd_random random;
	size_t first, last;	/* the branch that runs before or after all others, or NONE */
	uint64_t burst;		/* how many commands of a branch follow each other, on average */
	size_t *done;		/* commands of each branch */
	size_t latest;		/* the branch that was the last to go on, or NONE */
};

/* First each branch before and after the others, then mixtures from fine to coarse. */
static void
start_order(const struct pd_interleaving *it, size_t number,
    struct order *order)
{
	bool mixed = number >= 2 * it->branch_count;

	order->first = !mixed && number % 2 == 0 ? number / 2 : NONE;
	order->last = !mixed && number % 2 == 1 ? number / 2 : NONE;
	order->burst = UINT64_C(1) << number % 4;
	order->latest = NONE;
	memset(order->done, 0, it->branch_count * sizeof(*order->done));
}

static bool
has_next(const struct pd_interleaving *it, struct order *order, size_t branch)
{
	const struct branch *of = &it->branches[branch];

	while (order->done[branch] < of->count && of->list[order->done[branch]].refused)
		order->done[branch]++;
	return order->done[branch] < of->count;
}

/* The branch that goes on, or NONE when all are done. */
static size_t
next_branch(const struct pd_interleaving *it, struct order *order)
{
	size_t count = 0, chosen = NONE;

	if (order->first != NONE && has_next(it, order, order->first))
		return order->first;
	if (order->latest != NONE && order->latest != order->last &&
	    has_next(it, order, order->latest) &&
	    pd_random_below(&order->random, order->burst) != 0)
		return order->latest;
	for (size_t b = 0; b < it->branch_count; b++) {
		if (b != order->last && has_next(it, order, b) &&
		    pd_random_below(&order->random, ++count) == 0)
			chosen = b;
	}
	if (chosen == NONE && order->last != NONE && has_next(it, order, order->last))
		chosen = order->last;
	return order->latest = chosen;
}

/* The next situation of an order: 1, 0, -1. */
static int
step(struct pd_interleaving *it, struct situation *situation,
    struct command *command, struct pd_error *error)
{
	jv state;
	int result = admit(it, situation, command, error);

	if (result == 1)
		result = go_on(it, situation, command, true, &state, error);
	if (result != 1)
		return result;
	jv_free(situation->state);
	jv_free(situation->table);
	*situation = (struct situation){state, jv_invalid()};
	return 1;
}

/* Go through an order to the end. */
static int
try_order(struct pd_interleaving *it, struct order *order, struct trial *trial,
    struct pd_error *error)
{
	const struct situation *start = &it->nodes[0].situations.list[0];
	struct situation situation = {jv_copy(start->state), jv_copy(start->table)};
	size_t branch;
	int result = 1;

	while (result == 1 && (branch = next_branch(it, order)) != NONE) {
		size_t place = order->done[branch]++;
		result = step(it, &situation, &it->branches[branch].list[place], error);
		if (result == 0)
			result = refuse(it, trial, branch, place, error);
	}
	if (result == 1)
		add_distinct(&it->ends, jv_copy(situation.state), &situation);
	jv_free(situation.state);
	jv_free(situation.table);
	return result;
}

static int
try_some_orders(struct pd_interleaving *it, struct trial *trial,
    struct pd_error *error)
{
	struct order order = {.done = pd_allocate(it->branch_count,
	    sizeof(*order.done))};
	int result = 1;

	pd_random_seed(&order.random, it->seed, "orders");
	for (size_t i = 0; result == 1 &&
	    i < PD_INTERLEAVING_ORDERS + 2 * it->branch_count; i++) {
		start_order(it, i, &order);
		result = try_order(it, &order, trial, error);
	}
	free(order.done);
	return result;
}

/* Try what has been placed: 1, 0, -1. */
static int
try_placed(struct pd_interleaving *it, struct trial *trial,
    struct pd_error *error)
{
	int result = PD_INTERLEAVING_FULL;

	situations_free(&it->ends);
	if (!is_large(it))
		result = try_all_orders(it, trial, error);
	if (result == PD_INTERLEAVING_FULL)
		result = try_some_orders(it, trial, error);
	return result;
}

int
pd_interleaving_admits(struct pd_interleaving *it, size_t *branch,
    size_t *place, struct pd_error *error)
{
	struct trial trial = {.sift = false};
	int admitted = try_placed(it, &trial, error);

	if (admitted == 0) {
		*error = trial.reason;
		pd_error_prefix(error, "in an order of the branches that may happen: ");
		*branch = trial.branch;
		*place = trial.place;
	}
	return admitted;
}

int
pd_interleaving_sift(struct pd_interleaving *it, struct pd_error *error)
{
	struct trial trial;
	int result;

	/* What is left out changes the states of all others: they are tried again. */
	do {
		remove_empty_branches(it);
		trial = (struct trial){.sift = true};
		result = try_placed(it, &trial, error);
		remove_refused(it);
	} while (result == 1 && trial.refused);
	return result == 1 ? 0 : -1;
}

/* The states that the branches may end in. */
static struct situations *
find_ends(struct pd_interleaving *it)
{
	return it->ends.count > 0 ? &it->ends :
	    &it->nodes[it->node_count - 1].situations;
}

int
pd_interleaving_follow(struct pd_interleaving *it, const char *id, jv command,
    struct pd_error *error)
{
	struct command next = make_command(id, command);
	struct situations *ends = find_ends(it), after = {0};
	int result = admit_in_all(it, ends, &next, error);

	if (result == 1)
		result = go_on_from_all(it, ends, &next, false, &after, error);
	if (result == 1) {
		situations_free(&it->ends);
		it->ends = after;
	} else {
		if (result == 0)
			pd_error_prefix(error, "after an order of the branches that may happen: ");
		situations_free(&after);
	}
	command_free(&next);
	return result;
}
