/* SPDX-License-Identifier: MIT */
/* The toy bank's rules and planted bugs; ledger.h is the contract. */
#include "ledger.h"

#include <err.h>
#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	SLOW_FROM = 1001,	/* the least amount that is authorized slowly */
	SETTLE_MS = 2000,
	RECOVER_MS = 300,
	PAUSE_MS = 2
};

/* Rows of one kind, in the order of their ids, which are their beginnings. */
struct table {
	void *rows;
	size_t count, capacity;
};

/* What the first transfer with a key returned. */
struct answer {
	char *key;
	enum ledger_error error;
	struct ledger_transfer transfer;
};

struct ledger {
	pthread_mutex_t lock;
	unsigned int bugs;
	uint64_t first_id;
	uint64_t next_id[LEDGER_KINDS];	/* of which a shared count uses one */
	struct table tables[LEDGER_KINDS];
	void *answers;			/* a tsearch(3) tree */
	int64_t next_due;		/* the earliest due, 0 for none */
	uint64_t resets;
};

static const size_t row_sizes[LEDGER_KINDS] = {
	[LEDGER_ACCOUNT] = sizeof(struct ledger_account),
	[LEDGER_HOLD] = sizeof(struct ledger_hold),
	[LEDGER_AUTHORIZATION] = sizeof(struct ledger_authorization),
	[LEDGER_CAPTURE] = sizeof(struct ledger_capture),
};

static void *
or_exit(void *memory)
{
	if (memory == NULL)
		err(2, "out of memory");
	return memory;
}

static int64_t
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static bool
has_bug(const struct ledger *ledger, enum ledger_bug bug)
{
	return (ledger->bugs >> bug & 1) != 0;
}

/* Sums that planted bugs leave unbounded stop where they can be negated. */
static int64_t
add(int64_t sum, int64_t more)
{
	int64_t result;

	if (!__builtin_add_overflow(sum, more, &result) &&
	    result != INT64_MIN)
		return result;
	return more > 0 ? INT64_MAX : -INT64_MAX;
}

static uint64_t
take_id(struct ledger *ledger, enum ledger_kind kind)
{
	if (ledger->first_id != 0)
		kind = 0;
	return ledger->next_id[kind]++;
}

static void
start_ids(struct ledger *ledger)
{
	for (int kind = 0; kind < LEDGER_KINDS; kind++)
		ledger->next_id[kind] = ledger->first_id != 0
		    ? ledger->first_id : 1;
}

/* A new row with an id; moves the other rows of its kind. */
static void *
append(struct ledger *ledger, enum ledger_kind kind)
{
	struct table *table = &ledger->tables[kind];
	size_t size = row_sizes[kind];

	if (table->count == table->capacity) {
		table->capacity = table->capacity > 0 ? table->capacity * 2
		    : 16;
		table->rows = or_exit(reallocarray(table->rows,
		    table->capacity, size));
	}
	uint64_t *row = (void *)((char *)table->rows + table->count++ * size);
	memset(row, 0, size);
	*row = take_id(ledger, kind);
	return row;
}

static int
compare_ids(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static void *
find(struct ledger *ledger, enum ledger_kind kind, uint64_t id)
{
	const struct table *table = &ledger->tables[kind];

	return table->count == 0 ? NULL : bsearch(&id, table->rows,
	    table->count, row_sizes[kind], compare_ids);
}

static struct ledger_account *
find_account(struct ledger *ledger, uint64_t id)
{
	return find(ledger, LEDGER_ACCOUNT, id);
}

/*
 * Only bug 8 closes an account on which something is held. That is lost: it
 * neither comes back nor can be given back.
 */
static void
change_held(struct ledger_account *account, int64_t by)
{
	if (!account->closed)
		account->held = add(account->held, by);
}

static void
hold_for(struct ledger *ledger, struct ledger_authorization *authorization)
{
	authorization->held = authorization->amount;
	change_held(find_account(ledger, authorization->account),
	    authorization->held);
}

static void
unhold_for(struct ledger *ledger, struct ledger_authorization *authorization,
    int64_t amount)
{
	authorization->held -= amount;
	change_held(find_account(ledger, authorization->account), -amount);
}

static void
set_due(struct ledger *ledger, struct ledger_authorization *authorization,
    int64_t time)
{
	authorization->due = time;
	if (ledger->next_due == 0 || time < ledger->next_due)
		ledger->next_due = time;
}

static void
settle(struct ledger *ledger, struct ledger_authorization *authorization)
{
	if (authorization->status == LEDGER_DECLINED)
		hold_for(ledger, authorization);
	authorization->status = LEDGER_AUTHORIZED;
	authorization->due = 0;
}

/* Nothing runs in the background: what became due is settled on entering. */
static void
settle_due(struct ledger *ledger)
{
	const struct table *table = &ledger->tables[LEDGER_AUTHORIZATION];
	struct ledger_authorization *rows = table->rows;

	if (ledger->next_due == 0)
		return;
	int64_t time = now();
	if (time < ledger->next_due)
		return;
	ledger->next_due = 0;
	for (size_t i = 0; i < table->count; i++)
		if (rows[i].due > time)
			set_due(ledger, &rows[i], rows[i].due);
		else if (rows[i].due != 0)
			settle(ledger, &rows[i]);
}

static void
enter(struct ledger *ledger)
{
	pthread_mutex_lock(&ledger->lock);
	settle_due(ledger);
}

static enum ledger_error
leave(struct ledger *ledger, enum ledger_error error)
{
	pthread_mutex_unlock(&ledger->lock);
	return error;
}

static enum ledger_error
check_open(const struct ledger_account *account)
{
	if (account == NULL)
		return LEDGER_NO_SUCH_ACCOUNT;
	return account->closed ? LEDGER_ACCOUNT_CLOSED : LEDGER_OK;
}

/* Whether the balance can change by that much and stay in 64 bits. */
static enum ledger_error
check_limit(const struct ledger_account *account, int64_t change)
{
	int64_t balance;

	return __builtin_add_overflow(account->balance, change, &balance)
	    ? LEDGER_BALANCE_LIMIT : LEDGER_OK;
}

static enum ledger_error
check_available(const struct ledger_account *account, int64_t amount)
{
	enum ledger_error error = check_open(account);

	if (error != LEDGER_OK)
		return error;
	return amount > add(account->balance, -account->held)
	    ? LEDGER_INSUFFICIENT_FUNDS : LEDGER_OK;
}

static int
compare_answers(const void *left, const void *right)
{
	const struct answer *a = left, *b = right;

	return strcmp(a->key, b->key);
}

/* The answer for a key, or NULL. */
static const struct answer *
recall(struct ledger *ledger, const char *key)
{
	const struct answer wanted = { .key = (char *)key };
	struct answer **node = tfind(&wanted, &ledger->answers,
	    compare_answers);

	return node != NULL ? *node : NULL;
}

/* Only the first answer for a key is kept. */
static void
remember(struct ledger *ledger, const char *key, enum ledger_error error,
    const struct ledger_transfer *transfer)
{
	if (recall(ledger, key) != NULL)
		return;
	struct answer *answer = or_exit(calloc(1, sizeof(*answer)));
	answer->key = or_exit(strdup(key));
	answer->error = error;
	if (error == LEDGER_OK)
		answer->transfer = *transfer;
	or_exit(tsearch(answer, &ledger->answers, compare_answers));
}

static void
forget_answers(struct ledger *ledger)
{
	while (ledger->answers != NULL) {
		struct answer *root = *(struct answer **)ledger->answers;

		tdelete(root, &ledger->answers, compare_answers);
		free(root->key);
		free(root);
	}
}

struct ledger *
ledger_new(uint64_t first_id)
{
	struct ledger *ledger = or_exit(calloc(1, sizeof(*ledger)));

	pthread_mutex_init(&ledger->lock, NULL);
	ledger->first_id = first_id;
	start_ids(ledger);
	return ledger;
}

void
ledger_free(struct ledger *ledger)
{
	forget_answers(ledger);
	for (int kind = 0; kind < LEDGER_KINDS; kind++)
		free(ledger->tables[kind].rows);
	pthread_mutex_destroy(&ledger->lock);
	free(ledger);
}

void
ledger_reset(struct ledger *ledger)
{
	pthread_mutex_lock(&ledger->lock);
	forget_answers(ledger);
	for (int kind = 0; kind < LEDGER_KINDS; kind++)
		ledger->tables[kind].count = 0;
	start_ids(ledger);
	ledger->next_due = 0;
	ledger->resets++;
	pthread_mutex_unlock(&ledger->lock);
}

unsigned int
ledger_bugs(struct ledger *ledger)
{
	pthread_mutex_lock(&ledger->lock);
	unsigned int set = ledger->bugs;
	pthread_mutex_unlock(&ledger->lock);
	return set;
}

void
ledger_set_bugs(struct ledger *ledger, unsigned int set)
{
	pthread_mutex_lock(&ledger->lock);
	ledger->bugs = set;
	pthread_mutex_unlock(&ledger->lock);
}

void
ledger_open(struct ledger *ledger, enum ledger_currency currency,
    struct ledger_account *result)
{
	enter(ledger);
	struct ledger_account *account = append(ledger, LEDGER_ACCOUNT);
	account->currency = currency;
	*result = *account;
	leave(ledger, LEDGER_OK);
}

enum ledger_error
ledger_account(struct ledger *ledger, uint64_t id,
    struct ledger_account *result)
{
	enter(ledger);
	const struct ledger_account *account = find_account(ledger, id);
	if (account == NULL)
		return leave(ledger, LEDGER_NO_SUCH_ACCOUNT);
	*result = *account;
	return leave(ledger, LEDGER_OK);
}

static enum ledger_error
check_credit(const struct ledger *ledger, const struct ledger_account *account,
    int64_t amount, enum ledger_currency currency)
{
	enum ledger_error error = check_open(account);

	if (error == LEDGER_ACCOUNT_CLOSED &&
	    has_bug(ledger, LEDGER_CREDIT_TO_CLOSED))
		error = LEDGER_OK;
	if (error != LEDGER_OK)
		return error;
	if (account->currency != currency &&
	    !has_bug(ledger, LEDGER_CREDIT_ANY_CURRENCY))
		return LEDGER_CURRENCY_MISMATCH;
	return check_limit(account, amount);
}

enum ledger_error
ledger_credit(struct ledger *ledger, uint64_t id, int64_t amount,
    enum ledger_currency currency, struct ledger_account *result)
{
	enter(ledger);
	struct ledger_account *account = find_account(ledger, id);
	int64_t booked = has_bug(ledger, LEDGER_CREDIT_WRAPS)
	    ? (int32_t)amount : amount;
	enum ledger_error error = check_credit(ledger, account, booked,
	    currency);
	if (error != LEDGER_OK)
		return leave(ledger, error);
	account->balance += booked;
	*result = *account;
	return leave(ledger, LEDGER_OK);
}

static enum ledger_error
check_debit(const struct ledger *ledger, const struct ledger_account *account,
    int64_t amount)
{
	enum ledger_error error = check_available(account, amount);

	if (error == LEDGER_INSUFFICIENT_FUNDS &&
	    has_bug(ledger, LEDGER_DEBIT_IGNORES_HOLDS) &&
	    amount <= account->balance)
		return LEDGER_OK;
	return error;
}

/* Let others use the ledger for a while. False when one of them reset it. */
static bool
pause_unlocked(struct ledger *ledger)
{
	uint64_t resets = ledger->resets;

	pthread_mutex_unlock(&ledger->lock);
	nanosleep(&(struct timespec){ .tv_nsec = PAUSE_MS * 1000000 }, NULL);
	enter(ledger);
	return ledger->resets == resets;
}

enum ledger_error
ledger_debit(struct ledger *ledger, uint64_t id, int64_t amount,
    struct ledger_account *result)
{
	enter(ledger);
	struct ledger_account *account = find_account(ledger, id);
	enum ledger_error error = check_debit(ledger, account, amount);
	if (error != LEDGER_OK)
		return leave(ledger, error);
	int64_t left = account->balance - amount;
	if (has_bug(ledger, LEDGER_LOST_UPDATE)) {
		if (!pause_unlocked(ledger))
			return leave(ledger, LEDGER_NO_SUCH_ACCOUNT);
		account = find_account(ledger, id);
	}
	account->balance = left;
	*result = *account;
	return leave(ledger, LEDGER_OK);
}

enum ledger_error
ledger_close(struct ledger *ledger, uint64_t id, int64_t *paid_out,
    struct ledger_account *result)
{
	enter(ledger);
	struct ledger_account *account = find_account(ledger, id);
	enum ledger_error error = check_open(account);
	if (error != LEDGER_OK)
		return leave(ledger, error);
	if (account->held != 0 && !has_bug(ledger, LEDGER_CLOSE_WITH_HOLDS))
		return leave(ledger, LEDGER_HAS_HOLDS);
	*paid_out = add(account->balance, -account->held);
	account->balance = 0;
	account->held = 0;
	account->closed = true;
	*result = *account;
	return leave(ledger, LEDGER_OK);
}

enum ledger_error
ledger_hold(struct ledger *ledger, uint64_t id, int64_t amount,
    struct ledger_hold *result, struct ledger_account *account_result)
{
	enter(ledger);
	struct ledger_account *account = find_account(ledger, id);
	enum ledger_error error = check_available(account, amount);
	if (error != LEDGER_OK)
		return leave(ledger, error);
	struct ledger_hold *hold = append(ledger, LEDGER_HOLD);
	hold->account = id;
	hold->amount = amount;
	change_held(account, amount);
	*result = *hold;
	*account_result = *account;
	return leave(ledger, LEDGER_OK);
}

enum ledger_error
ledger_release_hold(struct ledger *ledger, uint64_t id,
    struct ledger_hold *result, struct ledger_account *account_result)
{
	enter(ledger);
	struct ledger_hold *hold = find(ledger, LEDGER_HOLD, id);
	if (hold == NULL)
		return leave(ledger, LEDGER_NO_SUCH_HOLD);
	if (hold->released)
		return leave(ledger, LEDGER_ALREADY_RELEASED);
	struct ledger_account *account = find_account(ledger, hold->account);
	hold->released = true;
	change_held(account, -hold->amount);
	*result = *hold;
	*account_result = *account;
	return leave(ledger, LEDGER_OK);
}

/* Make a new authorization pending, to be settled by its amount. */
static void
delay(struct ledger *ledger, struct ledger_authorization *authorization)
{
	authorization->status = LEDGER_PENDING;
	if (authorization->amount % 3 == 0)
		set_due(ledger, authorization, now() + SETTLE_MS);
}

enum ledger_error
ledger_authorize(struct ledger *ledger, uint64_t id, int64_t amount,
    struct ledger_authorization *result,
    struct ledger_account *account_result)
{
	enter(ledger);
	struct ledger_account *account = find_account(ledger, id);
	enum ledger_error error = check_available(account, amount);
	if (error != LEDGER_OK)
		return leave(ledger, error);
	struct ledger_authorization *authorization = append(ledger,
	    LEDGER_AUTHORIZATION);
	authorization->account = id;
	authorization->amount = amount;
	authorization->status = LEDGER_AUTHORIZED;
	hold_for(ledger, authorization);
	if (amount >= SLOW_FROM && has_bug(ledger, LEDGER_SLOW_AUTHORIZATION))
		delay(ledger, authorization);
	*result = *authorization;
	*account_result = *account;
	return leave(ledger, LEDGER_OK);
}

/* The part of the planted slowness that a look at a pending one shows. */
static void
decline_for_now(struct ledger *ledger,
    struct ledger_authorization *authorization)
{
	if (authorization->status != LEDGER_PENDING ||
	    authorization->amount % 3 != 1)
		return;
	authorization->status = LEDGER_DECLINED;
	unhold_for(ledger, authorization, authorization->held);
	set_due(ledger, authorization, now() + RECOVER_MS);
}

enum ledger_error
ledger_authorization(struct ledger *ledger, uint64_t id,
    struct ledger_authorization *result,
    struct ledger_account *account_result)
{
	enter(ledger);
	struct ledger_authorization *authorization = find(ledger,
	    LEDGER_AUTHORIZATION, id);
	if (authorization == NULL)
		return leave(ledger, LEDGER_NO_SUCH_AUTHORIZATION);
	decline_for_now(ledger, authorization);
	*result = *authorization;
	*account_result = *find_account(ledger, authorization->account);
	return leave(ledger, LEDGER_OK);
}

static bool
exceeds(const struct ledger *ledger,
    const struct ledger_authorization *authorization, int64_t amount)
{
	if (authorization->captured == 0 &&
	    has_bug(ledger, LEDGER_FIRST_CAPTURE_UNCHECKED))
		return false;
	if (has_bug(ledger, LEDGER_CAPTURE_SUM_UNCHECKED))
		return amount > authorization->amount;
	return amount > authorization->amount - authorization->captured;
}

static enum ledger_error
check_capture(struct ledger *ledger,
    const struct ledger_authorization *authorization, int64_t amount)
{
	if (authorization == NULL)
		return LEDGER_NO_SUCH_AUTHORIZATION;
	const struct ledger_account *account = find_account(ledger,
	    authorization->account);
	enum ledger_error error = check_open(account);
	if (error != LEDGER_OK)
		return error;
	if (authorization->status != LEDGER_AUTHORIZED)
		return LEDGER_NOT_AUTHORIZED;
	if (exceeds(ledger, authorization, amount))
		return LEDGER_EXCEEDS_AUTHORIZATION;
	return check_limit(account, -amount);
}

/* Take the amount out of the account and, as far as it goes, of the hold. */
static void
book_capture(struct ledger *ledger,
    struct ledger_authorization *authorization, int64_t amount)
{
	int64_t held = authorization->held;

	unhold_for(ledger, authorization, amount < held ? amount : held);
	find_account(ledger, authorization->account)->balance -= amount;
	authorization->captured = add(authorization->captured, amount);
	if (authorization->captured >= authorization->amount &&
	    !has_bug(ledger, LEDGER_CAPTURE_SUM_UNCHECKED))
		authorization->status = LEDGER_CAPTURED;
}

enum ledger_error
ledger_capture(struct ledger *ledger, uint64_t id, int64_t amount,
    struct ledger_capture *result,
    struct ledger_authorization *authorization_result,
    struct ledger_account *account_result)
{
	enter(ledger);
	struct ledger_authorization *authorization = find(ledger,
	    LEDGER_AUTHORIZATION, id);
	enum ledger_error error = check_capture(ledger, authorization,
	    amount);
	if (error != LEDGER_OK)
		return leave(ledger, error);
	book_capture(ledger, authorization, amount);
	struct ledger_capture *capture = append(ledger, LEDGER_CAPTURE);
	capture->authorization = id;
	capture->account = authorization->account;
	capture->amount = amount;
	*result = *capture;
	*authorization_result = *authorization;
	*account_result = *find_account(ledger, authorization->account);
	return leave(ledger, LEDGER_OK);
}

enum ledger_error
ledger_release_authorization(struct ledger *ledger, uint64_t id,
    struct ledger_authorization *result,
    struct ledger_account *account_result)
{
	enter(ledger);
	struct ledger_authorization *authorization = find(ledger,
	    LEDGER_AUTHORIZATION, id);
	if (authorization == NULL)
		return leave(ledger, LEDGER_NO_SUCH_AUTHORIZATION);
	if (authorization->status != LEDGER_AUTHORIZED &&
	    authorization->status != LEDGER_PENDING)
		return leave(ledger, LEDGER_NOT_AUTHORIZED);
	bool whole = authorization->captured > 0 &&
	    has_bug(ledger, LEDGER_RELEASE_WHOLE_HOLD);
	unhold_for(ledger, authorization, whole ? authorization->amount
	    : authorization->held);
	authorization->status = LEDGER_RELEASED;
	authorization->due = 0;
	*result = *authorization;
	*account_result = *find_account(ledger, authorization->account);
	return leave(ledger, LEDGER_OK);
}

static enum ledger_error
check_refund(struct ledger *ledger, const struct ledger_capture *capture,
    int64_t amount)
{
	if (capture == NULL)
		return LEDGER_NO_SUCH_CAPTURE;
	const struct ledger_account *account = find_account(ledger,
	    capture->account);
	enum ledger_error error = check_open(account);
	if (error != LEDGER_OK)
		return error;
	int64_t most = has_bug(ledger, LEDGER_REFUND_SUM_UNCHECKED)
	    ? capture->amount : capture->amount - capture->refunded;
	if (amount > most)
		return LEDGER_EXCEEDS_CAPTURE;
	return check_limit(account, amount);
}

enum ledger_error
ledger_refund(struct ledger *ledger, uint64_t id, int64_t amount,
    struct ledger_refund *result, struct ledger_account *account_result)
{
	enter(ledger);
	struct ledger_capture *capture = find(ledger, LEDGER_CAPTURE, id);
	enum ledger_error error = check_refund(ledger, capture, amount);
	if (error != LEDGER_OK)
		return leave(ledger, error);
	struct ledger_account *account = find_account(ledger,
	    capture->account);
	account->balance += amount;
	capture->refunded = add(capture->refunded, amount);
	*result = (struct ledger_refund){
		.id = take_id(ledger, LEDGER_REFUND),
		.amount = amount,
		.capture = *capture,
	};
	*account_result = *account;
	return leave(ledger, LEDGER_OK);
}

static enum ledger_error
check_transfer(const struct ledger_account *from,
    const struct ledger_account *to, int64_t amount)
{
	if (from == NULL || to == NULL)
		return LEDGER_NO_SUCH_ACCOUNT;
	if (from == to)
		return LEDGER_SAME_ACCOUNT;
	if (from->closed || to->closed)
		return LEDGER_ACCOUNT_CLOSED;
	if (from->currency != to->currency)
		return LEDGER_CURRENCY_MISMATCH;
	enum ledger_error error = check_available(from, amount);
	return error != LEDGER_OK ? error : check_limit(to, amount);
}

static enum ledger_error
transfer_once(struct ledger *ledger, uint64_t from_id, uint64_t to_id,
    int64_t amount, struct ledger_transfer *result)
{
	struct ledger_account *from = find_account(ledger, from_id);
	struct ledger_account *to = find_account(ledger, to_id);
	enum ledger_error error = check_transfer(from, to, amount);

	if (error != LEDGER_OK)
		return error;
	from->balance -= amount;
	to->balance += amount;
	*result = (struct ledger_transfer){
		.id = take_id(ledger, LEDGER_TRANSFER),
		.from = from_id,
		.to = to_id,
		.amount = amount,
		.from_balance = from->balance,
		.to_balance = to->balance,
	};
	return LEDGER_OK;
}

enum ledger_error
ledger_transfer(struct ledger *ledger, const char *key, uint64_t from,
    uint64_t to, int64_t amount, struct ledger_transfer *result)
{
	enter(ledger);
	const struct answer *answer = key != NULL ? recall(ledger, key)
	    : NULL;
	if (answer != NULL && !has_bug(ledger, LEDGER_RETRY_BOOKED_TWICE)) {
		*result = answer->transfer;
		return leave(ledger, answer->error);
	}
	enum ledger_error error = transfer_once(ledger, from, to, amount,
	    result);
	if (key != NULL)
		remember(ledger, key, error, result);
	return leave(ledger, error);
}
